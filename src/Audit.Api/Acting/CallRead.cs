namespace Audit.Api.Acting;

/// <summary>A call folded from its stream, with what a decision about it needs to know.</summary>
internal sealed class CallRead(IJournal journal, StreamKey stream)
{
    private const int RowsAtOnce = 64;

    public CallHistory History { get; private set; } = CallHistory.Empty;

    public CallState State => History.Standing.State;

    public string? Agent { get; private set; }

    /// <summary>The row of the last record of the call.</summary>
    public JournalRow? LastRecord { get; private set; }

    /// <summary>The last record that approved or blocked the call.</summary>
    public (JournalRow Row, Decision Decision)? LastDecision { get; private set; }

    /// <summary>The latest time that a record of the call tells.</summary>
    public Timestamp LastTime { get; private set; }

    /// <summary>Reads what has been written since it was last read.</summary>
    public async Task ReadOnAsync(CancellationToken cancellation)
    {
        while (true)
        {
            var rows = await journal.ReadStreamAsync(stream, History.Sequence, RowsAtOnce, cancellation);
            foreach (var row in rows)
            {
                Follow(row);
            }

            if (rows.Count < RowsAtOnce)
            {
                return;
            }
        }
    }

    public string? RefuseFor(Bearer bearer) => bearer.RefuseBound(Agent, History.Standing.TaskId);

    private void Follow(JournalRow row)
    {
        var view = EventReader.ViewOf(row);
        var happened = EventReader.ReadCall(row, view);
        History = CallEvolution.Evolve(History, happened);
        if (happened is not CallEvent.Received { Weight: not EntryWeight.Oversized } told)
        {
            return;
        }

        Agent ??= view.Text(EventField.Agent);
        LastRecord = row;
        LastTime = told.Message.RecordedAt > LastTime ? told.Message.RecordedAt : LastTime;
        if (!told.Verdict.IsViolation && told.Message.Kind is (MessageKind.Approved or MessageKind.Blocked))
        {
            LastDecision = (row, Decision.Of(ToolAuditRecord.Parse(view.Raw(EventField.Record))));
        }
    }
}
