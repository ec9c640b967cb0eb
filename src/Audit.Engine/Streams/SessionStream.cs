namespace Audit.Engine.Streams;

/// <summary>The notes of one session.</summary>
public sealed class SessionStream : AuditStream
{
    private SessionHistory history = SessionHistory.Empty;

    public override long Sequence => history.Sequence;

    public override Receipt Decide(
        Submission submission, EventWriter writer, List<EncodedEvent> events, EngineOptions options)
    {
        var told = (NoteSubmission)submission;
        var decision = SessionDecider.Decide(history, told.Note);
        if (decision.Note is { } note)
        {
            events.Add(writer.Write(told.SessionId, told.TaskId, told.Agent, note, told.Detail.Span));
        }

        history = decision.After;
        return new Receipt(StatusOf(decision.Outcome)) { Sequence = decision.Sequence, Error = decision.Error };
    }

    public override void Evolve(JournalRow row, RecordHasher hasher) =>
        history = SessionDecider.Evolve(history, EventReader.ReadNote(row));
}
