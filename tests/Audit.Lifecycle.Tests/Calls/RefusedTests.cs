using Audit.Lifecycle.Tests.Support;
using static Audit.Lifecycle.Tests.Support.Say;

namespace Audit.Lifecycle.Tests.Calls;

/// <summary>The flag that a refusal leaves behind, through all attempts.</summary>
public sealed class RefusedTests
{
    [Fact]
    public void a_blocked_call_that_completes_is_a_violation()
    {
        var story = CallStory.Of(Blocked(1), Completed(2));

        Assert.Equal(ViolationCause.StandingRefusal, story.Book[2].Cause);
        Assert.Equal(CallState.Blocked, story.State);
    }

    [Fact]
    public void a_blocked_call_that_is_closed_as_failed_stays_blocked()
    {
        var story = CallStory.Of(Blocked(1), Failed(2));

        Assert.False(story.Book[2].IsViolation);
        Assert.Equal(CallState.Blocked, story.State);
    }

    [Fact]
    public void what_an_adapter_reads_as_a_refusal_of_a_running_call_cancels_it_in_either_order()
    {
        CallMessage[] said = [Requested(1), Started(2) with { Derived = true }, Blocked(3) with { Derived = true }];

        foreach (var story in new[] { CallStory.Of(said), CallStory.Of(said[0], said[2], said[1]) })
        {
            Assert.DoesNotContain(story.Book.Values, verdict => verdict.IsViolation);
            Assert.Equal(CallState.Cancelled, story.State);
        }

        Assert.True(CallStory.Of(Requested(1), Started(2), Blocked(3)).Book[3].IsViolation);
    }

    [Fact]
    public void progress_after_the_end_is_legal_where_an_adapter_reads_it_and_no_refusal_stands()
    {
        var story = CallStory.Of(Requested(1), Completed(2), Started(3) with { Derived = true });

        Assert.DoesNotContain(story.Book.Values, verdict => verdict.IsViolation);
        Assert.Equal(CallState.Completed, story.State);
        Assert.True(CallStory.Of(Requested(1), Completed(2), Started(3)).Book[3].IsViolation);
        Assert.True(CallStory.Of(Blocked(1), Failed(2), Started(3) with { Derived = true }).Book[3].IsViolation);
    }

    [Theory]
    [InlineData(MessageKind.Started)]
    [InlineData(MessageKind.Cached)]
    [InlineData(MessageKind.Replayed)]
    [InlineData(MessageKind.Completed)]
    public void a_failure_to_persist_never_launders_a_refusal(MessageKind kind)
    {
        var story = CallStory.Of(Blocked(1), PersistenceFailed(2), Of(kind, 3));

        Assert.Equal(ViolationCause.StandingRefusal, story.Book[3].Cause);
        Assert.Equal(CallState.PersistenceFailed, story.State);
    }

    [Fact]
    public void a_refusal_stands_through_a_failed_completion_and_a_request()
    {
        var story = CallStory.Of(
            Blocked(1), Failed(2), PersistenceFailed(3), Requested(4), Invalidated(5), Requested(6), Completed(7));

        Assert.Equal([ViolationCause.StandingRefusal],
            story.Book.Values.Where(verdict => verdict.IsViolation).Select(verdict => verdict.Cause));
    }

    [Fact]
    public void an_approval_in_the_next_attempt_lifts_the_refusal()
    {
        var story = CallStory.Of(Blocked(1), PersistenceFailed(2), Approved(3), Completed(4));

        Assert.DoesNotContain(story.Book.Values, verdict => verdict.IsViolation);
        Assert.Equal(Anomalies.None, story.Book[3].Anomalies);
    }

    [Fact]
    public void a_question_after_a_refusal_is_reopened_after_refusal_once()
    {
        var story = CallStory.Of(
            Blocked(1), PersistenceFailed(2), RequiresConfirmation(3), RequiresConfirmation(4), Completed(5));

        Assert.Equal(Anomalies.ReopenedAfterRefusal, story.Book[3].Anomalies);
        Assert.Equal(Anomalies.None, story.Book[4].Anomalies);
        Assert.Equal(CallState.Completed, story.State);
    }

    [Fact]
    public void an_approval_that_is_itself_a_violation_lifts_nothing()
    {
        var story = CallStory.Of(Blocked(1), Approved(2), PersistenceFailed(3), Completed(4));

        Assert.Equal([false, true, false, true], story.Book.Values.Select(verdict => verdict.IsViolation));
    }

    [Fact]
    public void a_block_that_is_itself_a_violation_refuses_nothing()
    {
        var story = CallStory.Of(Completed(1), Blocked(2), PersistenceFailed(3), Completed(4));

        Assert.Equal([false, true, false, false], story.Book.Values.Select(verdict => verdict.IsViolation));
    }

    [Fact]
    public void another_call_under_the_same_id_is_not_refused()
    {
        var story = CallStory.Of(Blocked(1), Requested(2) with { Turn = 2 }, Completed(3) with { Turn = 2 });

        Assert.DoesNotContain(story.Book.Values, verdict => verdict.IsViolation);
    }
}
