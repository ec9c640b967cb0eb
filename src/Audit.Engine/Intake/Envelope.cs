namespace Audit.Engine.Intake;

/// <summary>What stands around a record or a note.</summary>
internal ref struct Envelope
{
    public string? SessionId;
    public string? TaskId;
    public string? Agent;
    public string? MessageId;
    public long? Seq;

    public readonly CallSubmission ToSubmission(in RecordFacts facts, ReadOnlyMemory<byte> item, ItemDefaults defaults)
    {
        var session = RequireSession(defaults);
        var message = new CallMessage
        {
            Kind = facts.Kind,
            Success = facts.Success,
            RecordedAt = facts.RecordedAt,
            ReceivedAt = defaults.ReceivedAt,
            Seq = Seq,
            Turn = facts.Turn,
            ToolName = facts.ToolName,
            Provider = facts.Provider,
            NeedsConfirmation = facts.NeedsConfirmation,
            TaskId = Bound(TaskId ?? defaults.TaskId, defaults.BoundTask, "task_id"),
            Host = defaults.Host,
            MessageId = MessageId,
            Dedup = facts.Dedup,
            Derived = defaults.Derived,
            TimeInferred = defaults.TimeInferred,
            Input = facts.Input,
            Result = facts.Result,
        };
        return new CallSubmission(
            ItemReader.CallKey(session, facts.ToolCallId), session, facts.ToolCallId,
            Bound(Agent ?? defaults.Agent, defaults.BoundAgent, "agent"), message, item[facts.Place]);
    }

    public readonly NoteSubmission ToSubmission(
        string type, Timestamp? at, Fingerprint dedup, ReadOnlyMemory<byte> detail, ItemDefaults defaults)
    {
        var session = RequireSession(defaults);
        var note = new SessionNote
        {
            Type = type,
            At = at ?? defaults.ReceivedAt,
            Derived = defaults.Derived,
            TimeInferred = at is null || defaults.TimeInferred,
            ReceivedAt = defaults.ReceivedAt,
            Host = defaults.Host,
            Seq = Seq,
            MessageId = MessageId,
            Dedup = dedup,
        };
        return new NoteSubmission(
            new StreamKey(StreamNames.Session(session)), session,
            Bound(TaskId ?? defaults.TaskId, defaults.BoundTask, "task_id"),
            Bound(Agent ?? defaults.Agent, defaults.BoundAgent, "agent"), note, detail);
    }

    private readonly string RequireSession(ItemDefaults defaults) =>
        SessionId ?? defaults.SessionId
        ?? throw new UnreadableException("session_id", "missing; it stands in the item or in the header Audit-Session");

    public static string? Bound(string? told, string? bound, string member) =>
        bound is null || told is null || told == bound
            ? told ?? bound
            : throw new UnreadableException(member, $"the token is bound to \"{bound}\" and may not speak of \"{told}\"");
}
