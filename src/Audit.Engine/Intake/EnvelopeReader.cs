namespace Audit.Engine.Intake;

/// <summary>Reads an envelope and, in the same pass, the record or the note within.</summary>
internal static class EnvelopeReader
{
    private const int MaxNoteTypeBytes = 128;

    /// <summary>Only a request that names its session may send records without an envelope.</summary>
    public static bool IsBareRecord(ReadOnlySpan<byte> item, ItemDefaults defaults)
    {
        if (defaults.SessionId is null)
        {
            return false;
        }

        var json = new Utf8JsonReader(item, new JsonReaderOptions { MaxDepth = StrictJsonReader.MaxDepth + 2 });
        try
        {
            json.Read();
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                if (json.ValueTextEquals("record"u8) || json.ValueTextEquals("note"u8))
                {
                    return false;
                }

                if (json.ValueTextEquals("tool_call_id"u8) || json.ValueTextEquals("outcome"u8))
                {
                    return true;
                }

                json.Read();
                json.Skip();
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // What is wrong with it, and where, is found by the strict reading that follows.
        }

        return true;
    }

    public static Submission Read(
        ref StrictJsonReader json, ReadOnlyMemory<byte> item, ItemDefaults defaults, RecordHasher hasher)
    {
        var envelope = new Envelope();
        RecordRead? record = null;
        NoteFacts? note = null;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.IsProperty("record"u8))
            {
                json.Read();
                record = RecordReader.Read(ref json, hasher);
            }
            else if (json.IsProperty("note"u8))
            {
                note = ReadNote(ref json, hasher);
            }
            else
            {
                ReadMember(ref json, ref envelope, defaults.Derived);
            }
        }

        return (record, note) switch
        {
            ({ } read, null) => envelope.ToSubmission(read, item, defaults, hasher),
            (null, { } noted) =>
                envelope.ToSubmission(noted.Type, noted.At, noted.Dedup, item[noted.Detail], defaults, hasher),
            (null, null) => throw new UnreadableException("record", "missing; an item holds a record or a note"),
            _ => throw new UnreadableException("note", "an item holds a record or a note, not both"),
        };
    }

    private static void ReadMember(ref StrictJsonReader json, ref Envelope envelope, bool isDerived)
    {
        if (json.IsProperty("session_id"u8))
        {
            envelope.SessionId = Ids.Read(ref json, Ids.MaxBytes, isSession: true);
        }
        else if (json.IsProperty("task_id"u8))
        {
            envelope.TaskId = ReadOptionalId(ref json, Ids.MaxBytes);
        }
        else if (json.IsProperty("agent"u8))
        {
            envelope.Agent = ReadOptionalId(ref json, Ids.MaxBytes);
        }
        else if (json.IsProperty("parent"u8))
        {
            envelope.Parent = ReadOptionalId(ref json, Ids.MaxCallBytes);
        }
        else if (json.IsProperty("message_id"u8))
        {
            envelope.MessageId = ReadOptionalId(ref json, Ids.MaxMessageIdBytes, isName: false);
        }
        else if (json.IsProperty("seq"u8))
        {
            envelope.Seq = ReadOptionalCount(ref json);
        }
        else if (isDerived && json.IsProperty("derived_id"u8))
        {
            envelope.DerivedId = ReadOptionalId(ref json, Ids.MaxMessageIdBytes, isName: false);
        }
        else if (isDerived && json.IsProperty("derived_of"u8))
        {
            envelope.DerivedOf = ReadOptionalId(ref json, Ids.MaxMessageIdBytes, isName: false);
        }
        else if (isDerived && json.IsProperty("channel"u8))
        {
            envelope.Channel = ReadOptionalId(ref json, Ids.MaxBytes);
        }
        else
        {
            json.Read();
            json.Skip();
        }
    }

    private static string? ReadOptionalId(ref StrictJsonReader json, int maxBytes, bool isName = true)
    {
        json.Read();
        if (json.TokenType == JsonTokenType.Null)
        {
            return null;
        }

        json.RequireString();
        var id = isName ? json.GetName() : json.GetString();
        return Ids.Refuse(id, maxBytes) is { } refusal ? throw json.Unreadable(refusal) : id;
    }

    private static long? ReadOptionalCount(ref StrictJsonReader json)
    {
        json.Read();
        if (json.TokenType == JsonTokenType.Null)
        {
            return null;
        }

        return json.TryGetInt64(out var count) && count >= 0
            ? count
            : throw json.Unreadable($"a whole number that is not negative is expected, not {json.Quote()}");
    }

    private static NoteFacts ReadNote(ref StrictJsonReader json, RecordHasher hasher)
    {
        var before = json.CompactLength;
        json.Read();
        if (json.TokenType != JsonTokenType.StartObject)
        {
            throw json.Unreadable($"an object with type, at and detail is expected, not {json.Quote()}");
        }

        var start = json.TokenStart;
        var note = default(NoteFacts);
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.IsProperty("type"u8))
            {
                note.Type = Ids.Read(ref json, MaxNoteTypeBytes);
            }
            else if (json.IsProperty("at"u8))
            {
                note.At = json.ReadTime();
            }
            else if (json.IsProperty("detail"u8))
            {
                json.Read();
                var detail = json.TokenStart;
                json.Skip();
                note.Detail = detail..json.TokenEnd;
            }
            else
            {
                json.Read();
                json.Skip();
            }
        }

        json.Require(start, note.Type is not null, "type");
        note.Dedup = hasher.Of(json.Source[start..json.TokenEnd], json.CompactLength - before);
        return note;
    }

    private struct NoteFacts
    {
        public string Type;
        public Timestamp? At;
        public Range Detail;
        public Fingerprint Dedup;
    }
}
