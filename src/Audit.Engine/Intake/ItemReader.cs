namespace Audit.Engine.Intake;

/// <summary>Reads an item of the intake into a submission, in one pass over its bytes.</summary>
public sealed class ItemReader(RecordHasher hasher, IRedaction? redaction = null)
{
    /// <param name="item">One JSON text; the submission refers to its bytes.</param>
    public ItemRead Read(ReadOnlyMemory<byte> item, ItemDefaults defaults)
    {
        try
        {
            var kept = redaction?.Redact(item) ?? item;
            var isKept = kept.Length <= ItemLimits.Kept;
            return new ItemRead(isKept ? ReadWhole(kept, defaults) : ReadCut(kept, defaults), null);
        }
        catch (UnreadableException exception)
        {
            return new ItemRead(null, exception.Message);
        }
    }

    /// <summary>Makes what can be made of an item that is too large to be read.</summary>
    /// <param name="head">Its first bytes.</param>
    /// <param name="whole">The keyed hash of all of it.</param>
    public ItemRead ReadOversized(ReadOnlySpan<byte> head, long length, Fingerprint whole, ItemDefaults defaults)
    {
        try
        {
            return new ItemRead(OversizedItem.Identify(head).ToSubmission(length, whole, defaults), null);
        }
        catch (UnreadableException exception)
        {
            return new ItemRead(
                null, $"{exception.Message} (an item of {length} bytes, of which only the first are read)");
        }
    }

    private Submission ReadCut(ReadOnlyMemory<byte> item, ItemDefaults defaults)
    {
        // The whole is read first, for its hash is the one that a second delivery will have.
        var whole = ReadWhole(item, defaults);
        var cut = LongStrings.Cut(item.Span, hasher);
        if (cut.Length > ItemLimits.Kept)
        {
            cut = new ItemSkeleton(hasher).Of(cut, EnvelopeReader.IsBareRecord(cut, defaults));
        }

        return (ReadWhole(cut, defaults), whole) switch
        {
            (CallSubmission call, CallSubmission sent) => new CallSubmission(
                call.Stream, call.SessionId, call.ToolCallId, call.Agent,
                call.Message with { Truncated = true, Dedup = sent.Message.Dedup }, call.Record),
            (NoteSubmission note, NoteSubmission sent) => new NoteSubmission(
                note.Stream, note.SessionId, note.TaskId, note.Agent,
                note.Note with { Dedup = sent.Note.Dedup }, note.Detail),
            var (read, _) => throw new InvalidOperationException($"A cut made another kind of submission: {read}."),
        };
    }

    private Submission ReadWhole(ReadOnlyMemory<byte> item, ItemDefaults defaults)
    {
        var json = new StrictJsonReader(item.Span);
        json.Read();
        if (json.TokenType != JsonTokenType.StartObject)
        {
            throw new UnreadableException("", $"an item is a JSON object, not {json.Quote()}");
        }

        var submission = EnvelopeReader.IsBareRecord(item.Span, defaults)
            ? ReadBare(ref json, item, defaults)
            : EnvelopeReader.Read(ref json, item, defaults, hasher);
        if (json.Read())
        {
            throw json.Unreadable("an item is one JSON object, and there is more behind it");
        }

        return submission;
    }

    private Submission ReadBare(ref StrictJsonReader json, ReadOnlyMemory<byte> item, ItemDefaults defaults)
    {
        var envelope = new Envelope { SessionId = defaults.SessionId };
        return envelope.ToSubmission(RecordReader.Read(ref json, hasher), item, defaults);
    }

    internal static StreamKey CallKey(string session, string call) => new(StreamNames.CallUtf8(session, call));
}

/// <summary>An item that was read: a submission, or the sentence why there is none.</summary>
public readonly record struct ItemRead(Submission? Submission, string? Error);

/// <summary>
/// The one place where something may be taken out of an item before anything of it is read, hashed or written.
/// </summary>
public interface IRedaction
{
    /// <param name="item">One JSON text, not yet known to be valid.</param>
    /// <returns>The item itself where nothing is to be taken out.</returns>
    ReadOnlyMemory<byte> Redact(ReadOnlyMemory<byte> item);
}
