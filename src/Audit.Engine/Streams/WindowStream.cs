namespace Audit.Engine.Streams;

/// <summary>One task window.</summary>
public sealed class WindowStream : AuditStream
{
    private WindowHistory history = WindowHistory.Empty;

    public override long Sequence => history.Sequence;

    public override Receipt Decide(
        Submission submission, EventWriter writer, List<EncodedEvent> events, EngineOptions options)
    {
        var said = (WindowSubmission)submission;
        var decision = WindowDecider.Decide(history, said.Message, options.MaxWindowLength);
        foreach (var happened in decision.Events)
        {
            events.Add(writer.Write(said.WindowId, happened, said.Said.Span));
        }

        history = decision.After;
        var receipt = new Receipt(StatusOf(decision.Outcome))
        {
            Sequence = decision.Sequence,
            State = EventWriter.WordOf(history.State),
        };
        return decision.Outcome switch
        {
            MessageOutcome.Violation => receipt with
            {
                Message = EventWriter.WordOf(said.Message.Verb),
                Reason = decision.Sentence,
            },
            MessageOutcome.Refused => receipt with { Error = decision.Sentence },
            _ => receipt,
        };
    }

    public override void Evolve(JournalRow row, RecordHasher hasher) =>
        history = WindowDecider.Evolve(history, EventReader.ReadWindow(row));
}
