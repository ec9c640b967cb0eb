using Audit.Journal;
using Audit.Journal.Events;
using Audit.Lifecycle;

namespace Audit.Engine.Local;

internal sealed class LiveSession(StreamHandle handle) : LiveStream(handle)
{
    private SessionHistory history = SessionHistory.Empty;

    protected override long Sequence => history.Sequence;

    public override Receipt Decide(Submission submission, EventWriter writer, RowSink rows, EngineOptions options)
    {
        var told = (NoteSubmission)submission;
        var decision = SessionDecider.Decide(history, told.Note);
        if (decision.Note is { } note)
        {
            rows.Add(Handle, decision.Sequence, writer.Write(told.SessionId, told.TaskId, told.Agent, note, told.Detail.Span));
        }

        history = decision.After;
        return new Receipt(Receipts.StatusOf(decision.Outcome)) { Sequence = decision.Sequence, Error = decision.Error };
    }

    protected override void Evolve(JournalRow row, RecordHasher hasher) =>
        history = SessionDecider.Evolve(history, EventReader.ReadNote(row, hasher));
}
