using Audit.Lifecycle.Tests.Support;
using static Audit.Lifecycle.Tests.Support.Say;

namespace Audit.Lifecycle.Tests.Calls;

public sealed class AttemptTests
{
    [Fact]
    public void the_first_message_opens_the_first_attempt()
    {
        var story = CallStory.Of(Requested());

        Assert.Equal(1, story.History.Standing.Attempt);
        Assert.Equal(new Verdict(CallState.None, CallState.Requested, 1, Anomalies.None, ViolationCause.None), story.Book[1]);
    }

    [Fact]
    public void a_settled_call_asked_for_in_a_later_turn_is_another_call_under_the_same_id()
    {
        var story = CallStory.Of(Completed(1), Requested(2) with { Turn = 2, ToolName = "browser", Provider = "openai" });

        Assert.Equal(Anomalies.IdReused, story.Book[2].Anomalies);
        Assert.Equal((CallState.Requested, 2), (story.State, story.History.Standing.Attempt));
    }

    [Fact]
    public void a_settled_call_asked_for_in_the_same_turn_is_a_violation()
    {
        var story = CallStory.Of(Completed(1), Requested(2));

        Assert.Equal(ViolationCause.NotALaterTurn, story.Book[2].Cause);
        Assert.Equal((CallState.Completed, 1), (story.State, story.History.Standing.Attempt));
    }

    [Fact]
    public void the_turn_of_an_attempt_is_the_highest_it_saw()
    {
        var story = CallStory.Of(Requested(1) with { Turn = 4 }, Completed(2) with { Turn = 2 }, Requested(3) with { Turn = 3 });

        Assert.Equal(ViolationCause.NotALaterTurn, story.Book[3].Cause);
    }

    [Fact]
    public void the_turn_of_an_older_attempt_does_not_count_for_the_next()
    {
        var story = CallStory.Of(
            PersistenceFailed(1) with { Turn = 9 }, Completed(2) with { Turn = 1 }, Requested(3) with { Turn = 2 });

        Assert.Equal(Anomalies.IdReused, story.Book[3].Anomalies);
        Assert.Equal(3, story.History.Standing.Attempt);
    }

    [Fact]
    public void nothing_of_the_old_call_is_held_against_a_new_one_under_its_id()
    {
        var story = CallStory.Of(
            Approved(0) with { Input = Print("approved") },
            Blocked(1),
            Requested(2) with { Turn = 2 },
            Started(3) with { Turn = 2, Input = Print("other"), TaskId = "t-2" },
            Completed(4) with { Turn = 2, Result = Print("another"), TaskId = "t-2" });

        Assert.Equal([Anomalies.None, Anomalies.None, Anomalies.IdReused, Anomalies.TaskChanged, Anomalies.TaskChanged],
            story.Book.Values.Select(verdict => verdict.Anomalies));
        Assert.Equal(CallState.Completed, story.State);
    }

    [Fact]
    public void an_invalidated_call_may_be_asked_for_again_in_its_turn()
    {
        var story = CallStory.Of(Invalidated(1), Requested(2), Started(3), Completed(4));

        Assert.DoesNotContain(story.Book.Values, verdict => verdict.IsViolation || verdict.Anomalies != Anomalies.None);
        Assert.Equal(2, story.History.Standing.Attempt);
    }

    [Fact]
    public void a_second_failure_to_persist_stays_in_its_attempt()
    {
        var story = CallStory.Of(PersistenceFailed(1), PersistenceFailed(2));

        Assert.Equal(1, story.History.Standing.Attempt);
        Assert.Equal(Anomalies.None, story.Book[2].Anomalies);
    }
}
