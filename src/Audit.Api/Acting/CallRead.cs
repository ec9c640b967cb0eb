namespace Audit.Api.Acting;

/// <summary>A call folded from its stream, with what a decision about it needs to know.</summary>
internal sealed class CallRead(IJournal journal, StreamKey stream)
{
    private const int RowsAtOnce = 64;

    private readonly List<MadeDecision> decisions = [];
    private readonly Dictionary<long, string> missing = [];
    private readonly Dictionary<long, string?> askedBy = [];

    public CallHistory History { get; private set; } = CallHistory.Empty;

    public CallState State => History.Standing.State;

    public string? Agent { get; private set; }

    /// <summary>Whether anything of the call could be read.</summary>
    public bool IsKnown => History.Judged > 0;

    /// <summary>The latest time that a record of the call reports.</summary>
    public Timestamp LastTime { get; private set; }

    /// <inheritdoc cref="Standing.Waits"/>
    public bool IsWaiting => History.Standing.IsWaiting;

    /// <inheritdoc cref="Standing.IsUnanswered"/>
    public bool IsUnanswered => History.Standing.IsUnanswered;

    /// <summary>The question that stands.</summary>
    public QuestionAnswer? Question => History.Standing is { Asked: > 0 } standing
        ? new QuestionAnswer(
            standing.Asked, standing.Question.ToString(), missing.GetValueOrDefault(standing.Asked))
        : null;

    /// <summary>By which policy the question that stands was asked; null where a host asked on its own.</summary>
    public PolicyMark? QuestionMark => History.Find(History.Standing.Asked)?.Message.Policy;

    /// <summary>
    /// Whether what stands is about this question, and not about another that the call was asked since. What a host
    /// had a person asked for by itself, past the policy, is no answer to what it asks the node.
    /// </summary>
    public bool Answers(Fingerprint? asked) => asked is null
        || (History.Standing.Question == asked && QuestionMark is not null);

    /// <summary>The last decision that the node made on the question that stands.</summary>
    public MadeDecision? LastDecision => decisions.FindLast(made => made.Answers.Sequence == History.Standing.Asked);

    /// <summary>Where this was asked last, and what the node answered to it; null where it never was.</summary>
    public (Entry Asked, IReadOnlyList<MadeDecision> Answers)? Find(Fingerprint question)
    {
        for (var entry = History.Latest; entry is not null; entry = entry.Earlier)
        {
            if (entry is { Weight: EntryWeight.Judged, Message.Kind: MessageKind.RequiresConfirmation }
                && entry.Message.Question == question)
            {
                return (entry, decisions.FindAll(made => made.Answers.Question == question));
            }
        }

        return null;
    }

    /// <summary>Reads what has been written since it was last read.</summary>
    public async Task ReadOnAsync(CancellationToken cancellation)
    {
        while (true)
        {
            var rows = await journal.ReadStreamAsync(stream, History.Sequence, RowsAtOnce, cancellation);
            foreach (var row in rows)
            {
                if (row.IsProven)
                {
                    Follow(row);
                }
                else
                {
                    History = History with { Sequence = row.Sequence };
                }
            }

            if (rows.Count < RowsAtOnce)
            {
                return;
            }
        }
    }

    /// <summary>The row of a message of the call; null where there is none.</summary>
    public async Task<JournalRow?> RowAsync(long sequence, CancellationToken cancellation) =>
        History.Find(sequence) is null ? null
            : (await journal.ReadStreamAsync(stream, sequence - 1, 1, cancellation)).SingleOrDefault();

    /// <summary>What of a question is not kept; null where all of it is.</summary>
    public string? MissingOf(long sequence) => missing.GetValueOrDefault(sequence);

    /// <summary>The agent who asked a question, which may be another than was named first.</summary>
    public string? AgentOf(long question) => askedBy.GetValueOrDefault(question);

    public string? RefuseFor(Bearer bearer) => bearer.RefuseBound(Agent, History.Standing.TaskId);

    /// <summary>What the head says of it, where nobody can read the rest.</summary>
    private static Decision DecisionOf(in EventView view, CallMessage message) =>
        !view.Raw(EventField.Record).IsEmpty ? Decision.Of(ToolAuditRecord.Parse(view.Raw(EventField.Record)))
        : message.Kind == MessageKind.Approved
            ? new Decision(new Outcome.Approved("approved") { By = message.Token }, null)
        : new Decision(new Outcome.Blocked("its content cannot be opened") { By = message.Token }, null);

    private void Follow(JournalRow row)
    {
        var view = EventReader.ViewOf(row);
        var happened = EventReader.ReadCall(row, view);
        History = CallEvolution.Evolve(History, row.Sequence, happened);
        if (happened is not CallEvent.Received { Weight: not EntryWeight.Oversized } received)
        {
            return;
        }

        var agent = view.Text(EventField.Agent);
        Agent ??= agent;
        if (received.Message.Kind == MessageKind.RequiresConfirmation)
        {
            askedBy[row.Sequence] = agent;
            if (KeptPart.Missing(view) is { } lacking)
            {
                missing[row.Sequence] = lacking;
            }
        }

        LastTime = received.Message.RecordedAt > LastTime ? received.Message.RecordedAt : LastTime;
        if (received is { Weight: EntryWeight.Judged, Message.Answers: { } answers })
        {
            decisions.Add(new MadeDecision(
                row, answers, DecisionOf(view, received.Message), received.Message));
        }
    }
}

/// <summary>A decision that the node made, and on which question.</summary>
internal sealed record MadeDecision(JournalRow Row, Answer Answers, Decision Decision, CallMessage Message);
