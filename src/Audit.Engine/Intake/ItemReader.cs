namespace Audit.Engine.Intake;

/// <summary>
/// Reads an item of the intake into a submission. Its fingerprints are of what was sent; what is kept of it is what
/// the redaction leaves.
/// </summary>
/// <param name="redactor">Null where the redaction is switched off.</param>
public sealed class ItemReader(RecordHasher hasher, Redactor? redactor = null)
{
    /// <param name="item">One JSON text; the submission refers to its bytes.</param>
    public ItemRead Read(ReadOnlyMemory<byte> item, ItemDefaults defaults)
    {
        try
        {
            return new ItemRead(ReadKept(item, defaults), null);
        }
        catch (UnreadableException exception)
        {
            return new ItemRead(null, Sentence(exception.Message, item.Span));
        }
    }

    /// <summary>Makes what can be made of an item that is too large to be read.</summary>
    /// <param name="head">Its first bytes.</param>
    /// <param name="whole">The keyed hash of all of it.</param>
    public ItemRead ReadOversized(ReadOnlySpan<byte> head, long length, Fingerprint whole, ItemDefaults defaults)
    {
        try
        {
            var submission = OversizedItem.Identify(head).ToSubmission(length, whole, defaults);
            RequirePlain("session_id", submission.Session.Id);
            RequirePlain("tool_call_id", submission.ToolCallId);
            RequirePlain("agent", submission.Agent);
            RequirePlain("task_id", submission.Message.TaskId);
            RequirePlain("parent", submission.Message.Parent);
            RequirePlain("message_id", submission.Message.MessageId);
            return new ItemRead(submission, null);
        }
        catch (UnreadableException exception)
        {
            var sentence = $"{exception.Message} (an item of {length} bytes, of which only the first are read)";
            return new ItemRead(null, Sentence(sentence, head));
        }
    }

    /// <summary>What was wrong with a text, without quotes from it when it holds a secret.</summary>
    public string Sentence(string sentence, ReadOnlySpan<byte> text) =>
        HoldsSecret(text) ? WithoutQuotes(sentence) : sentence;

    public bool HoldsSecret(ReadOnlySpan<byte> text) => redactor?.Finds(text) == true;

    public string WithoutQuotes(string sentence)
    {
        var parts = (redactor?.Text(sentence) ?? sentence).Split('"');
        return parts.Length == 1 ? parts[0] : $"{parts[0]}\"…\"{(parts.Length % 2 == 1 ? parts[^1] : "")}";
    }

    private Submission ReadKept(ReadOnlyMemory<byte> item, ItemDefaults defaults)
    {
        var sent = ReadWhole(item, defaults);
        var redacted = redactor?.Json(item) ?? new Redacted(item, null);
        var isCut = redacted.Json.Length > ItemLimits.Kept;
        if (redacted.Mark is null && !isCut)
        {
            return sent;
        }

        var kept = isCut ? Cut(redacted.Json.Span, defaults) : redacted.Json;
        return (ReadWhole(kept, defaults), sent) switch
        {
            (CallSubmission call, CallSubmission whole) when IsSameCall(call, whole) => new CallSubmission(
                call.Session, call.ToolCallId, call.Agent,
                call.Message with
                {
                    Truncated = isCut,
                    SentBytes = item.Length,
                    Dedup = whole.Message.Dedup,
                    Question = whole.Message.Question,
                    Input = whole.Message.Input,
                    Result = whole.Message.Result,
                    Said = whole.Message.Said,
                },
                call.Record)
            {
                Redacted = redacted.Mark,
                Bounds = call.Bounds,
            },
            (NoteSubmission note, NoteSubmission whole) when IsSameSession(note, whole) => new NoteSubmission(
                note.Session, note.TaskId, note.Agent,
                note.Note with { Dedup = whole.Note.Dedup }, note.Detail)
            {
                Redacted = redacted.Mark,
                Bounds = note.Bounds,
            },
            _ => throw new UnreadableException("", SecretIds.Refusal),
        };
    }

    private byte[] Cut(ReadOnlySpan<byte> item, ItemDefaults defaults)
    {
        var cut = LongStrings.Cut(item, hasher);
        return cut.Length > ItemLimits.Kept
            ? new ItemSkeleton(hasher).Of(cut, EnvelopeReader.IsBareRecord(cut, defaults))
            : cut;
    }

    private static bool IsSameCall(CallSubmission kept, CallSubmission sent) =>
        kept.Session == sent.Session && kept.ToolCallId == sent.ToolCallId && kept.Agent == sent.Agent
        && kept.Message.TaskId == sent.Message.TaskId && kept.Message.Parent == sent.Message.Parent;

    private static bool IsSameSession(NoteSubmission kept, NoteSubmission sent) =>
        kept.Session == sent.Session && kept.Agent == sent.Agent && kept.TaskId == sent.TaskId;

    private void RequirePlain(string member, string? id)
    {
        if (SecretIds.Refuse(redactor, id) is { } refusal)
        {
            throw new UnreadableException(member, refusal);
        }
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
        return envelope.ToSubmission(RecordReader.Read(ref json, hasher), item, defaults, hasher);
    }
}

/// <summary>An item that was read: a submission, or the sentence why there is none.</summary>
public readonly record struct ItemRead(Submission? Submission, string? Error);

/// <summary>
/// Ids are names by which things are found again, and stand everywhere as they are; so there must be no secret in one.
/// </summary>
public static class SecretIds
{
    public const string Refusal =
        "an id or a name in it holds a secret, and ids are stored as they are; nothing of it was taken";

    /// <returns>Null when the id holds no secret, else the sentence that says so.</returns>
    public static string? Refuse(Redactor? redactor, string? id) =>
        redactor is null || id is null || ReferenceEquals(redactor.Text(id), id) ? null : Refusal;
}

/// <summary>
/// What is known of an item before it is read: who sends it, when, and what the request's headers say.
/// </summary>
/// <param name="Source">Whose sessions and calls it speaks of.</param>
/// <param name="Token">By which token it comes.</param>
/// <param name="SessionId">With a session here an item may be a bare record.</param>
/// <param name="Derived">
/// The items were derived from another system's words, which no sender can say of its own.
/// </param>
/// <param name="TimeInferred">
/// With derived items: the source gave no time, and the one that they have was inferred.
/// </param>
/// <param name="Person">Whose token it is that sends the item.</param>
public sealed record ItemDefaults(
    string Source, string Token, Timestamp ReceivedAt, string? SessionId = null, string? TaskId = null,
    string? Agent = null, bool Derived = false, bool TimeInferred = false, string? Person = null)
{
    /// <summary>What the token may speak of: others are refused.</summary>
    public CallBounds Bounds { get; init; } = CallBounds.None;
}

public static class ItemLimits
{
    /// <summary>Up to here an item is kept as it came.</summary>
    public const int Kept = 256 << 10;

    /// <summary>Up to here its long strings are cut; beyond it only the fact that it came is kept.</summary>
    public const int Read = 16 << 20;
}
