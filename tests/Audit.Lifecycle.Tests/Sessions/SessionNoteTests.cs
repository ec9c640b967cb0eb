using Audit.Lifecycle.Tests.Support;

namespace Audit.Lifecycle.Tests.Sessions;

public sealed class SessionNoteTests
{
    [Fact]
    public void a_note_is_written_once()
    {
        var session = Decide(SessionHistory.Empty, Note("started"), MessageOutcome.Recorded, sequence: 1);
        session = Decide(session, Note("ended"), MessageOutcome.Recorded, sequence: 2);

        Assert.Same(session, Decide(session, Note("started"), MessageOutcome.Duplicate, sequence: 1));
    }

    [Fact]
    public void a_note_with_a_message_id_is_known_by_it()
    {
        var session = Decide(SessionHistory.Empty, Note("idle", "m-1"), MessageOutcome.Recorded, sequence: 1);
        session = Decide(session, Note("idle", "m-2"), MessageOutcome.Recorded, sequence: 2);

        Decide(session, Note("idle", "m-1"), MessageOutcome.Duplicate, sequence: 1);
        Decide(session, Note("idle", "m-2"), MessageOutcome.Duplicate, sequence: 2);
        Decide(session, Note("idle"), MessageOutcome.Duplicate, sequence: 1);
    }

    [Fact]
    public void a_message_id_with_another_note_is_refused()
    {
        var session = Decide(SessionHistory.Empty, Note("idle", "m-1"), MessageOutcome.Recorded, sequence: 1);

        var decision = SessionDecider.Decide(session, Note("ended", "m-1"));

        Assert.Equal(MessageOutcome.Refused, decision.Outcome);
        Assert.Equal("the message_id \"m-1\" belongs to another note of this session", decision.Error);
        Assert.Null(decision.Note);
    }

    [Fact]
    public void a_derived_note_is_known_by_its_id_and_one_that_says_something_else_is_kept()
    {
        var session = Decide(SessionHistory.Empty, Note("idle") with { DerivedId = "copilot:1" }, MessageOutcome.Recorded, 1);
        session = Decide(session, Note("idle") with { DerivedId = "copilot:2" }, MessageOutcome.Recorded, 2);

        Decide(session, Note("idle") with { DerivedId = "copilot:1" }, MessageOutcome.Duplicate, sequence: 1);
        Decide(session, Note("idle again") with { DerivedId = "copilot:1" }, MessageOutcome.Recorded, sequence: 3);
        Decide(session, Note("posed", "copilot:1"), MessageOutcome.Recorded, sequence: 3);
    }

    [Fact]
    public void a_session_holds_ten_thousand_notes()
    {
        var session = SessionHistory.Empty;
        for (var index = 0; index < SessionDecider.NoteLimit; index++)
        {
            session = SessionDecider.Decide(session, Note($"turn {index}")).After;
        }

        Assert.Equal(SessionDecider.NoteLimit, session.Sequence);
        Assert.Equal("this session holds 10000 notes already", SessionDecider.Decide(session, Note("one more")).Error);
        Decide(session, Note("turn 7"), MessageOutcome.Duplicate, sequence: 8);
    }

    [Fact]
    public void no_host_takes_the_id_of_a_derived_note()
    {
        var session = Decide(SessionHistory.Empty, Note("a guess", "copilot:1"), MessageOutcome.Recorded, sequence: 1);

        Decide(session, Note("idle") with { DerivedId = "copilot:1" }, MessageOutcome.Recorded, sequence: 2);
    }

    private static SessionHistory Decide(SessionHistory session, SessionNote note, MessageOutcome outcome, long sequence)
    {
        var decision = SessionDecider.Decide(session, note);
        Assert.Equal((outcome, sequence), (decision.Outcome, decision.Sequence));
        Assert.Equal(outcome == MessageOutcome.Recorded ? note : null, decision.Note);
        return decision.After;
    }

    private static SessionNote Note(string type, string? messageId = null) => new(
        type, Say.At(1), Say.At(2), "ci-7", Say.Print(type), MessageId: messageId);
}
