using Audit.Journal;
using Audit.Journal.Events;
using Audit.Lifecycle;

namespace Audit.Engine.Local;

/// <summary>A day of the node's own acts: no law but their order.</summary>
internal sealed class LiveOperator(StreamHandle handle) : LiveStream(handle)
{
    private long sequence;

    protected override long Sequence => sequence;

    public override Receipt Decide(Submission submission, EventWriter writer, RowSink rows, EngineOptions options)
    {
        var act = (OperatorSubmission)submission;
        rows.Add(Handle, sequence + 1, writer.WriteOperator(act.Act, act.Actor, act.At, act.Detail.Span));
        return new Receipt(ReceiptStatus.Recorded) { Sequence = ++sequence };
    }

    protected override void Evolve(JournalRow row, RecordHasher hasher) => sequence = row.Sequence;
}
