using System.Text;
using System.Text.Json;

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
            return new ItemRead(kept.Length <= ItemLimits.Kept ? ReadWhole(kept, defaults) : ReadCut(kept, defaults), null);
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
            return new ItemRead(null, $"{exception.Message} (an item of {length} bytes, of which only the first are read)");
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
                note.Stream, note.SessionId, note.TaskId, note.Agent, note.Note with { Dedup = sent.Note.Dedup }, note.Detail),
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

    internal static StreamKey CallKey(string session, string call)
    {
        var name = "tool-call|"u8;
        var key = new byte[name.Length + Encoding.UTF8.GetByteCount(session) + 1 + Encoding.UTF8.GetByteCount(call)];
        name.CopyTo(key);
        var at = name.Length + Encoding.UTF8.GetBytes(session, key.AsSpan(name.Length));
        key[at] = (byte)'|';
        Encoding.UTF8.GetBytes(call, key.AsSpan(at + 1));
        return new StreamKey(key);
    }
}
