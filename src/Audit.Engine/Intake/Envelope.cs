namespace Audit.Engine.Intake;

/// <summary>What stands around a record or a note.</summary>
internal ref struct Envelope
{
    public string? SessionId;
    public string? TaskId;
    public string? Agent;
    public string? Parent;
    public string? MessageId;

    /// <summary>These three only an adapter of this node writes; of a client's own item they are not read.</summary>
    public string? DerivedId;
    public string? DerivedOf;
    public string? Channel;
    public long? Seq;

    public readonly CallSubmission ToSubmission(
        in RecordRead read, ReadOnlyMemory<byte> item, ItemDefaults defaults, RecordHasher hasher)
    {
        var (session, call) = (RequireSession(defaults), read.Facts.ToolCallId);
        var delivery = DeliveryOf(read.Dedup, defaults, hasher);
        var facts = read.Facts.Question.IsEmpty ? read.Facts
            : read.Facts with { Question = hasher.OfQuestion(read.Facts.Question, delivery.TaskId) };
        return new CallSubmission(
            session, call, BoundAgent(defaults),
            CallMessage.Of(facts, delivery) with
            {
                Said = delivery.DerivedId is null ? null : SaidReader.Of(item[read.Place], hasher),
            },
            item[read.Place])
        {
            Bounds = defaults.Bounds,
        };
    }

    public readonly NoteSubmission ToSubmission(
        string type, Timestamp? at, Fingerprint dedup, ReadOnlyMemory<byte> detail, ItemDefaults defaults,
        RecordHasher hasher)
    {
        var session = RequireSession(defaults);
        var delivery = DeliveryOf(dedup, defaults, hasher) with { TimeInferred = at is null || defaults.TimeInferred };
        return new NoteSubmission(
            session, delivery.TaskId, BoundAgent(defaults),
            SessionNote.Of(type, at ?? defaults.ReceivedAt, delivery), detail)
        {
            Bounds = defaults.Bounds,
        };
    }

    /// <summary>An id that is made of what was said is keyed, so that it gives nothing away.</summary>
    private readonly string? DerivedIdOf(RecordHasher hasher) => DerivedOf is null ? DerivedId
        : $"{DerivedId}:{hasher.OfBytes(Encoding.UTF8.GetBytes(DerivedOf))}";

    private readonly Delivery DeliveryOf(Fingerprint dedup, ItemDefaults defaults, RecordHasher hasher) => new()
    {
        ReceivedAt = defaults.ReceivedAt,
        Token = defaults.Token,
        Dedup = dedup,
        Seq = Seq,
        MessageId = MessageId,
        TaskId = Bound(TaskId ?? defaults.TaskId, defaults.Bounds.Tasks, "task_id"),
        Parent = Parent,
        Derived = defaults.Derived,
        DerivedId = DerivedIdOf(hasher),
        Channel = Channel,
        TimeInferred = defaults.TimeInferred,
        Person = defaults.Person,
    };

    /// <summary>A sub-agent that an adapter names acts for the agent that the token is bound to.</summary>
    private readonly string? BoundAgent(ItemDefaults defaults) => Bound(
        defaults.Derived && !defaults.Bounds.MayName(Agent) ? defaults.Agent : Agent ?? defaults.Agent,
        defaults.Bounds.Agents, "agent");

    private readonly SessionName RequireSession(ItemDefaults defaults) => new(
        defaults.Source,
        SessionId ?? defaults.SessionId ?? throw new UnreadableException(
            "session_id", "missing; it stands in the item or in the header Audit-Session"));

    /// <returns>What is named, or the one that the token is bound to where none is.</returns>
    public static string? Bound(string? named, IReadOnlyList<string> bound, string member) =>
        bound is [] || (named is not null && bound.Contains(named)) ? named
        : named is null && bound is [var only] ? only
        : throw new UnreadableException(
            member,
            $"{CallBounds.Outside}: the token is bound to "
            + string.Join(" or ", bound.Select(one => $"\"{one}\""))
            + (named is null ? ", and the item names none" : $" and may not speak of \"{named}\""));
}
