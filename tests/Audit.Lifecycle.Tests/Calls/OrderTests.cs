using Audit.Lifecycle.Tests.Support;
using static Audit.Lifecycle.Tests.Support.Say;

namespace Audit.Lifecycle.Tests.Calls;

/// <summary>By what a history is ordered, and what becomes of messages that come late.</summary>
public sealed class OrderTests
{
    [Fact]
    public void a_message_that_comes_late_takes_its_place_by_time()
    {
        var story = CallStory.Of(Requested(1), Completed(3));

        var decision = story.Receive(Started(2));

        Assert.True(Assert.IsType<CallEvent.Received>(Assert.Single(decision.Events)).Late);
        Assert.Equal(MessageOutcome.Recorded, decision.Outcome);
        Assert.Equal(CallState.Running, decision.Verdict.To);
        Assert.Equal(CallState.Completed, story.State);
    }

    [Fact]
    public void the_last_message_is_not_late()
    {
        var story = CallStory.Of(Requested(1), Started(2), Completed(2));

        Assert.All(story.Events, happened => Assert.False(Assert.IsType<CallEvent.Received>(happened).Late));
    }

    [Fact]
    public void messages_of_one_moment_stand_in_the_order_of_arrival()
    {
        Assert.Equal(CallState.Completed, CallStory.Of(Started(1), Completed(1)).State);
        Assert.Equal([false, true],
            CallStory.Of(Completed(1), Started(1)).Book.Values.Select(verdict => verdict.IsViolation));
    }

    [Fact]
    public void a_nanosecond_orders_messages()
    {
        var started = Started(1);
        var completed = Completed(1) with { RecordedAt = started.RecordedAt.Next() };

        Assert.Equal(CallState.Completed, CallStory.Of(completed, started).State);
    }

    [Fact]
    public void a_late_message_lifts_the_violation_that_missed_it()
    {
        var story = CallStory.Of(Completed(1), Completed(3) with { Result = Print("another") });
        Assert.True(story.Book[2].IsViolation);

        var decision = story.Receive(PersistenceFailed(2));

        var rejudged = Assert.IsType<CallEvent.Rejudged>(decision.Events[1]);
        Assert.Equal(2, rejudged.Sequence);
        Assert.Equal(ViolationCause.NotAllowed, rejudged.Was.Cause);
        Assert.Equal((CallState.Completed, 2, Anomalies.ReExecuted), (rejudged.Now.To, rejudged.Now.Attempt, rejudged.Now.Anomalies));
        Assert.Equal("persistence_failed at sequence 3 came late", rejudged.Reason);
        Assert.Equal((CallState.Completed, 2), (story.State, story.History.Standing.Attempt));
        Assert.Equal(4, story.History.Sequence);
    }

    [Fact]
    public void a_late_refusal_makes_a_violation_of_what_was_legal()
    {
        var story = CallStory.Of(Requested(1), Completed(3));

        var decision = story.Receive(Blocked(2));

        var rejudged = Assert.IsType<CallEvent.Rejudged>(decision.Events[1]);
        Assert.False(rejudged.Was.IsViolation);
        Assert.Equal(ViolationCause.StandingRefusal, rejudged.Now.Cause);
        Assert.Equal(CallState.Blocked, story.State);
    }

    [Fact]
    public void a_late_message_that_changes_no_verdict_rejudges_nothing()
    {
        var story = CallStory.Of(Requested(1), RequiresConfirmation(3), Completed(4));

        Assert.Single(story.Receive(Approved(2)).Events);
    }

    [Fact]
    public void a_late_message_may_itself_be_a_violation()
    {
        var story = CallStory.Of(Completed(1), Cancelled(3));

        var decision = story.Receive(Started(2));

        Assert.Equal(MessageOutcome.Violation, decision.Outcome);
        Assert.True(Assert.IsType<CallEvent.Received>(decision.Events[0]).Late);
        Assert.Equal(CallState.Completed, story.State);
    }

    [Fact]
    public void a_late_first_message_is_the_one_that_the_call_began_with()
    {
        var story = CallStory.Of(Started(2), Completed(3));

        story.Receive(Requested(1) with { ToolName = "browser", TaskId = "t-2", Token = "laptop" });

        Assert.Equal("browser", story.History.Standing.ToolName);
        Assert.Equal([ViolationCause.IdentityMismatch, ViolationCause.IdentityMismatch, ViolationCause.None],
            story.Book.Values.Select(verdict => verdict.Cause));
    }

    [Fact]
    public void the_hosts_own_number_orders_before_its_clock()
    {
        var story = CallStory.Of(
            Completed(1) with { Seq = 7 }, Started(9) with { Seq = 5 }, Requested(5) with { Seq = 4 });

        Assert.DoesNotContain(story.Book.Values, verdict => verdict.IsViolation || verdict.Anomalies != Anomalies.None);
        Assert.Equal(CallState.Completed, story.State);
    }

    [Fact]
    public void one_message_without_a_number_puts_all_of_them_in_order_of_time()
    {
        var story = CallStory.Of(Requested(3) with { Seq = 1 }, Started(2) with { Seq = 2 }, Completed(1) with { Seq = 3 });
        Assert.Equal(CallState.Completed, story.State);

        story.Receive(Invalidated(4));

        Assert.Equal([true, true, false, true],
            story.Book.Where(entry => entry.Key <= 4).Select(entry => entry.Value.IsViolation));
    }

    [Fact]
    public void a_clock_that_runs_ahead_gains_five_minutes_at_most()
    {
        var received = At(1000);
        var ahead = Completed(5000) with { ReceivedAt = received };
        var just = Completed(1300) with { ReceivedAt = received };

        Assert.Equal(At(1300), ahead.OrderedAt);
        Assert.Equal(Anomalies.ClockAhead, CallStory.Of(ahead).Book[1].Anomalies);
        Assert.Equal(Anomalies.None, CallStory.Of(just).Book[1].Anomalies);
        Assert.Equal(Anomalies.ClockAhead,
            CallStory.Of(just with { RecordedAt = just.RecordedAt.Next() }).Book[1].Anomalies);
    }

    [Fact]
    public void a_message_from_the_future_does_not_stay_last_for_ever()
    {
        var story = CallStory.Of(Completed(90_000) with { ReceivedAt = At(10) });

        var decision = story.Receive(PersistenceFailed(311) with { ReceivedAt = At(311) });

        Assert.False(Assert.IsType<CallEvent.Received>(decision.Events[0]).Late);
        Assert.Equal(CallState.PersistenceFailed, story.State);
    }

    [Fact]
    public void a_violation_of_a_clock_that_runs_ahead_is_marked_too()
    {
        var story = CallStory.Of(Blocked(1), Completed(9000));

        Assert.Equal((ViolationCause.StandingRefusal, Anomalies.ClockAhead), (story.Book[2].Cause, story.Book[2].Anomalies));
    }

    [Fact]
    public void a_legal_story_whose_clock_was_set_back_is_told_in_the_order_of_arrival()
    {
        var story = CallStory.Of(Requested(10), RequiresConfirmation(11), Started(5), Failed(6));

        Assert.DoesNotContain(story.Book.Values, verdict => verdict.IsViolation);
        Assert.Equal([Anomalies.None, Anomalies.None, Anomalies.ClockWentBack, Anomalies.ClockWentBack],
            story.Book.Values.Select(verdict => verdict.Anomalies));
        Assert.Equal(CallState.Completed, story.State);
        Assert.All(story.Events, happened => Assert.False(happened is CallEvent.Received { Late: true }));
    }

    [Fact]
    public void the_order_of_arrival_is_not_asked_where_the_times_tell_a_legal_story()
    {
        var story = CallStory.Of(Completed(10), Cached(5));

        Assert.Equal(CallState.Completed, story.State);
        Assert.DoesNotContain(story.Book.Values, verdict => verdict.Anomalies != Anomalies.None);
    }

    [Fact]
    public void where_neither_order_is_legal_the_times_count()
    {
        var story = CallStory.Of(Blocked(10), Completed(5));

        Assert.Equal([true, false], story.Book.Values.Select(verdict => verdict.IsViolation));
        Assert.Equal(CallState.Completed, story.State);
    }

    [Fact]
    public void numbers_that_went_back_are_marked_as_the_clock_is()
    {
        var story = CallStory.Of(
            Started(1) with { Seq = 9 }, Completed(2) with { Seq = 3 }, PersistenceFailed(3) with { Seq = 10 });

        Assert.DoesNotContain(story.Book.Values, verdict => verdict.IsViolation);
        Assert.Equal([Anomalies.None, Anomalies.ClockWentBack, Anomalies.None],
            story.Book.Values.Select(verdict => verdict.Anomalies));
    }

    [Fact]
    public void a_clock_that_was_set_back_is_forgiven_only_while_the_arrival_is_legal()
    {
        var story = CallStory.Of(Started(10), Completed(5));
        Assert.Equal(Anomalies.ClockWentBack, story.Book[2].Anomalies);

        var decision = story.Receive(Started(20));

        Assert.Equal([true, false, true], story.Book.Values.Select(verdict => verdict.IsViolation));
        Assert.Equal(Anomalies.None, story.Book[2].Anomalies);
        var reasons = decision.Events.OfType<CallEvent.Rejudged>().Select(rejudged => rejudged.Reason);
        Assert.All(reasons, reason => Assert.Equal("started at sequence 3 changed the order of the history", reason));
    }
}
