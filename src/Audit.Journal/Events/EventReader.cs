using System.Buffers.Text;
using System.Text.Json;

namespace Audit.Journal.Events;

/// <summary>Reads back what <see cref="EventWriter"/> wrote. Fields it does not know are passed over.</summary>
public static class EventReader
{
    /// <summary>A record or a body may be as deep as an item may be, and an event holds it one deeper.</summary>
    private const int MaxDepth = StrictJsonReader.MaxDepth + 2;

    /// <summary>The octets of the record as they were sent; empty where an event has none.</summary>
    public static ReadOnlyMemory<byte> RecordOf(byte[] message)
    {
        var json = new Utf8JsonReader(message, new JsonReaderOptions { MaxDepth = MaxDepth });
        while (json.Read())
        {
            if (json.CurrentDepth != 1 || json.TokenType != JsonTokenType.PropertyName || !json.ValueTextEquals("record"u8))
            {
                continue;
            }

            json.Read();
            var start = (int)json.TokenStartIndex;
            json.Skip();
            return message.AsMemory(start, (int)json.BytesConsumed - start);
        }

        return default;
    }

    public static CallEvent ReadCall(JournalRow row, RecordHasher hasher)
    {
        try
        {
            var name = KnownNameOf(row);
            var said = new Said(row.Message, hasher);
            return name switch
            {
                EventNames.CallTransitioned or EventNames.CallViolated => Told(said),
                EventNames.CallRejudged =>
                    new CallEvent.Rejudged(said.Sequence, said.Was, said.Now, said.Reason ?? ""),
                EventNames.CallFlooded => new CallEvent.Flooded(said.Count),
                EventNames.CallOversized => Oversized(said),
                _ => throw Unknown(row),
            };
        }
        catch (UnreadableException exception)
        {
            throw Unreadable(row, exception);
        }
    }

    public static SessionNote ReadNote(JournalRow row, RecordHasher hasher)
    {
        if (KnownNameOf(row) != EventNames.SessionNoted)
        {
            throw Unknown(row);
        }

        try
        {
            return Note(new Said(row.Message, hasher));
        }
        catch (UnreadableException exception)
        {
            throw Unreadable(row, exception);
        }
    }

    public static WindowEvent ReadWindow(JournalRow row)
    {
        var name = KnownNameOf(row);
        if (!EventNames.IsWindow(name))
        {
            throw Unknown(row);
        }

        try
        {
            using var document = JsonDocument.Parse(row.Message, new JsonDocumentOptions { MaxDepth = MaxDepth });
            return WindowEventReader.Read(name, document.RootElement);
        }
        catch (JsonException exception)
        {
            throw Unreadable(row, exception);
        }
    }

    /// <summary>The name of an event without its version.</summary>
    public static string NameOf(string manifest)
    {
        var end = manifest.LastIndexOf(".v", StringComparison.Ordinal);
        return end < 0 ? manifest : manifest[..end];
    }

    /// <summary>A new version has a new meaning: it is refused rather than read as the one that is known.</summary>
    private static string KnownNameOf(JournalRow row)
    {
        var name = NameOf(row.Manifest);
        return EventNames.IsKnown(name) && EventNames.ManifestOf(name) == row.Manifest ? name : throw Unknown(row);
    }

    private static SessionNote Note(in Said said) => new()
    {
        Type = said.Type ?? "",
        At = said.At,
        ReceivedAt = said.ReceivedAt,
        Host = said.Host,
        Seq = said.Seq,
        MessageId = said.MessageId,
        Dedup = said.Dedup,
        Derived = said.Derived,
        TimeInferred = said.TimeInferred,
    };

    private static InvalidDataException Unreadable(JournalRow row, Exception exception) =>
        new($"The row at position {row.Position} cannot be read: {exception.Message}", exception);

    private static InvalidDataException Unknown(JournalRow row) =>
        new($"The row at position {row.Position} is a \"{row.Manifest}\", which this program does not know.");

    private static CallEvent.Received Told(in Said said)
    {
        var facts = said.Record ?? throw new InvalidDataException("The event holds no record.");
        var message = new CallMessage
        {
            Kind = facts.Kind,
            Success = facts.Success,
            RecordedAt = facts.RecordedAt,
            ReceivedAt = said.ReceivedAt,
            Seq = said.Seq,
            Turn = facts.Turn,
            ToolName = facts.ToolName,
            Provider = facts.Provider,
            NeedsConfirmation = facts.NeedsConfirmation,
            TaskId = said.TaskId,
            Host = said.Host,
            MadeByNode = said.MadeByNode,
            MessageId = said.MessageId,
            Dedup = said.Dedup,
            Derived = said.Derived,
            TimeInferred = said.TimeInferred,
            Truncated = (said.Verdict.Anomalies & Anomalies.Truncated) != 0,
            Input = facts.Input,
            Result = facts.Result,
        };
        var weight = said.Verdict.Cause == ViolationCause.MessageIdReused ? EntryWeight.MessageIdReused : EntryWeight.Judged;
        return new CallEvent.Received(message, VerdictReader.Complete(said.Verdict), weight, said.Late);
    }

    private static CallEvent.Received Oversized(in Said said)
    {
        var message = new CallMessage
        {
            Kind = MessageKind.Requested,
            RecordedAt = said.ReceivedAt,
            ReceivedAt = said.ReceivedAt,
            Seq = said.Seq,
            TaskId = said.TaskId,
            Host = said.Host,
            MessageId = said.MessageId,
            Dedup = said.Dedup,
            Derived = said.Derived,
            TimeInferred = said.TimeInferred,
            OversizedBytes = said.Bytes,
        };
        return new CallEvent.Received(
            message, said.Verdict with { Anomalies = Anomalies.Oversized }, EntryWeight.Oversized, Late: false);
    }

    /// <summary>All that an event may say, as far as it says it.</summary>
    private readonly ref struct Said
    {
        public readonly Timestamp ReceivedAt;
        public readonly Timestamp At;
        public readonly string Host = "";
        public readonly string? TaskId;
        public readonly string? MessageId;
        public readonly string? Reason;
        public readonly string? Type;
        public readonly Fingerprint Dedup;
        public readonly long? Seq;
        public readonly long Sequence;
        public readonly long Count;
        public readonly long Bytes;
        public readonly bool Late;
        public readonly bool Derived;
        public readonly bool TimeInferred;
        public readonly bool MadeByNode;
        public readonly Verdict Verdict;
        public readonly Verdict Was;
        public readonly Verdict Now;
        public readonly RecordFacts? Record;

        public Said(byte[] message, RecordHasher hasher)
        {
            var json = new StrictJsonReader(message, MaxDepth);
            json.Read();
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                if (json.IsProperty("received_at"u8))
                {
                    ReceivedAt = RecordReader.ReadTime(ref json);
                }
                else if (json.IsProperty("at"u8))
                {
                    At = RecordReader.ReadTime(ref json);
                }
                else if (json.IsProperty("host"u8))
                {
                    Host = RecordReader.ReadString(ref json);
                }
                else if (json.IsProperty("task_id"u8))
                {
                    TaskId = ReadOptional(ref json);
                }
                else if (json.IsProperty("message_id"u8))
                {
                    MessageId = ReadOptional(ref json);
                }
                else if (json.IsProperty("reason"u8))
                {
                    Reason = ReadOptional(ref json);
                }
                else if (json.IsProperty("type"u8))
                {
                    Type = ReadOptional(ref json);
                }
                else if (json.IsProperty("dedup"u8))
                {
                    Dedup = ReadHash(ref json);
                }
                else if (json.IsProperty("seq"u8))
                {
                    json.Read();
                    Seq = json.TryGetInt64(out var seq) ? seq : null;
                }
                else if (json.IsProperty("sequence"u8))
                {
                    Sequence = RecordReader.ReadCount(ref json);
                }
                else if (json.IsProperty("count"u8))
                {
                    Count = RecordReader.ReadCount(ref json);
                }
                else if (json.IsProperty("bytes"u8))
                {
                    Bytes = RecordReader.ReadCount(ref json);
                }
                else if (json.IsProperty("late"u8))
                {
                    Late = ReadFlag(ref json);
                }
                else if (json.IsProperty("derived"u8))
                {
                    Derived = ReadFlag(ref json);
                }
                else if (json.IsProperty("time"u8))
                {
                    TimeInferred = ReadOptional(ref json) == "inferred";
                }
                else if (json.IsProperty("made_by_node"u8))
                {
                    MadeByNode = ReadFlag(ref json);
                }
                else if (json.IsProperty("was"u8))
                {
                    Was = VerdictReader.ReadObject(ref json);
                }
                else if (json.IsProperty("now"u8))
                {
                    Now = VerdictReader.ReadObject(ref json);
                }
                else if (json.IsProperty("record"u8))
                {
                    json.Read();
                    Record = RecordReader.Read(ref json, hasher);
                }
                else if (!VerdictReader.ReadMember(ref json, ref Verdict))
                {
                    json.Read();
                    json.Skip();
                }
            }
        }

        private static string? ReadOptional(ref StrictJsonReader json)
        {
            json.Read();
            return json.TokenType == JsonTokenType.String ? json.GetString() : null;
        }

        private static bool ReadFlag(ref StrictJsonReader json)
        {
            json.Read();
            return json.TokenType == JsonTokenType.True;
        }

        private static Fingerprint ReadHash(ref StrictJsonReader json)
        {
            json.Read();
            Span<byte> hash = stackalloc byte[Fingerprint.Length];
            Base64Url.DecodeFromUtf8(json.ValueSpan, hash);
            return Fingerprint.From(hash);
        }
    }
}
