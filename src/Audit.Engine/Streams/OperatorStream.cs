namespace Audit.Engine.Streams;

/// <summary>A day of the node's own acts: no law but their order.</summary>
public sealed class OperatorStream : AuditStream
{
    private long sequence;

    public override long Sequence => sequence;

    public override Receipt Decide(
        Submission submission, EventWriter writer, List<EncodedEvent> events, EngineOptions options)
    {
        var act = (OperatorSubmission)submission;
        events.Add(writer.WriteOperator(act.Act, act.Actor, act.At, act.Detail.Span));
        return new Receipt(ReceiptStatus.Recorded) { Sequence = ++sequence };
    }

    public override void Evolve(JournalRow row, RecordHasher hasher) => sequence = row.Sequence;
}
