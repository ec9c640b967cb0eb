using Audit.Journal;
using Audit.Journal.Events;
using Audit.Lifecycle;

namespace Audit.Engine.Local;

internal sealed class LiveWindow(StreamHandle handle) : LiveStream(handle)
{
    private WindowHistory history = WindowHistory.Empty;

    protected override long Sequence => history.Sequence;

    public override Receipt Decide(Submission submission, EventWriter writer, RowSink rows, EngineOptions options)
    {
        var said = (WindowSubmission)submission;
        var decision = WindowDecider.Decide(history, said.Message, options.MaxWindowLength);
        var sequence = history.Sequence;
        foreach (var happened in decision.Events)
        {
            rows.Add(Handle, ++sequence, writer.Write(said.WindowId, happened, said.Said.Span));
        }

        history = decision.After;
        var receipt = new Receipt(Receipts.StatusOf(decision.Outcome))
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

    protected override void Evolve(JournalRow row, RecordHasher hasher) =>
        history = WindowDecider.Evolve(history, EventReader.ReadWindow(row));
}
