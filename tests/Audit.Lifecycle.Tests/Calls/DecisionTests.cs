using Audit.Lifecycle.Tests.Support;
using static Audit.Lifecycle.Tests.Support.Say;

namespace Audit.Lifecycle.Tests.Calls;

/// <summary>What the node decided against what a host says of it.</summary>
public sealed class DecisionTests
{
    [Fact]
    public void a_refusal_by_the_node_outlives_attempts_and_another_use_of_the_id()
    {
        var story = CallStory.Of(
            RequiresConfirmation(1), Refusal(2), PersistenceFailed(3), RequiresConfirmation(4) with { Turn = 2 },
            Completed(5) with { Turn = 2 }, Failed(6) with { Turn = 2 }, Requested(7) with { Turn = 3 },
            Completed(8) with { Turn = 3 });

        Assert.Equal(
            [ViolationCause.StandingRefusal, ViolationCause.StandingRefusal],
            story.Book.Values.Where(verdict => verdict.IsViolation).Select(verdict => verdict.Cause));
        Assert.True(story.History.Standing.RefusedByNode);
    }

    [Fact]
    public void a_hosts_approval_of_what_the_node_refused_overrides_the_refusal()
    {
        var story = CallStory.Of(
            RequiresConfirmation(1), Refusal(2), PersistenceFailed(3), RequiresConfirmation(4), Approved(5), Started(6));

        Assert.Equal(ViolationCause.OverridesRefusal, story.Book[5].Cause);
        Assert.Equal(ViolationCause.StandingRefusal, story.Book[6].Cause);
        Assert.Equal(
            "a call that a person refused through the node was approved by its host",
            ViolationReason.Of(story.Book[5], Approved(5)));
    }

    [Fact]
    public void only_the_nodes_approval_of_a_later_question_clears_its_refusal()
    {
        var story = CallStory.Of(
            RequiresConfirmation(1), Refusal(2), PersistenceFailed(3), RequiresConfirmation(4), Approval(5), Completed(6));

        Assert.DoesNotContain(story.Book.Values, verdict => verdict.IsViolation);
        Assert.False(story.History.Standing.RefusedByNode);
    }

    [Theory]
    [InlineData(MessageKind.Started)]
    [InlineData(MessageKind.Cached)]
    [InlineData(MessageKind.Replayed)]
    [InlineData(MessageKind.Completed)]
    public void what_is_dated_back_before_a_refusal_that_was_there_is_judged_after_it(MessageKind kind)
    {
        var story = CallStory.Of(RequiresConfirmation(10), Refusal(20), Of(kind, 1));

        Assert.Equal(ViolationCause.StandingRefusal, story.Book[3].Cause);
        Assert.Equal(CallState.Blocked, story.State);
    }

    [Fact]
    public void a_refusal_stands_even_where_its_question_is_dated_out_of_the_law()
    {
        var story = CallStory.Of(RequiresConfirmation(10), Refusal(20), Failed(1), PersistenceFailed(30), Completed(40));

        Assert.True(story.History.Standing.RefusedByNode);
        Assert.Equal(ViolationCause.StandingRefusal, story.Book[5].Cause);
    }

    [Fact]
    public void a_decision_stands_directly_after_its_question_and_takes_no_number_from_the_others()
    {
        var story = CallStory.Of(
            RequiresConfirmation(1) with { Seq = 1 }, Requested(0) with { Seq = 0 }, Approval(500),
            Started(2) with { Seq = 2 }, Completed(3) with { Seq = 3 });

        Assert.True(story.History.Numbered);
        Assert.Equal([1, 0, 2, 3, 4], Judge.Of(story.History.JudgedByArrival()).Order);
        Assert.All(story.Book.Values, verdict => Assert.Equal(Anomalies.None, verdict.Anomalies));
    }

    /// <summary>The times tell no legal story, and the order of arrival does.</summary>
    [Fact]
    public void by_arrival_another_question_stands_after_the_approval_of_the_last_one_and_not_of_an_earlier_one()
    {
        var story = CallStory.Of(
            RequiresConfirmation(10), Approval(11), Requested(6) with { Turn = 3 }, Started(3) with { Turn = 1 },
            RequiresConfirmation(7) with { Turn = 3 }, Approval(12));
        Assert.Equal((CallState.Approved, Audit.Lifecycle.Calls.Approval.ByNode), (story.State, story.History.Standing.Approval));

        story.Receive(Other(2));
        Assert.Equal((CallState.AwaitingConfirmation, default(Approval)), (story.State, story.History.Standing.Approval));
        Assert.Equal(Print("another"), story.History.Standing.Question);
    }

    [Fact]
    public void an_approval_of_one_question_does_not_cover_another_whatever_time_that_gives()
    {
        foreach (var time in new[] { 0.5, 1.5, 100 })
        {
            var story = CallStory.Of(RequiresConfirmation(1), Approval(2), Other(time));

            Assert.Equal(Anomalies.QuestionChanged, story.Book[3].Anomalies);
            Assert.Equal((CallState.AwaitingConfirmation, default(Approval)), (story.State, story.History.Standing.Approval));
            story.Receive(Completed(200) with { Input = Print("rm") });
            Assert.Equal(Anomalies.NoApprovalSeen, story.Book[4].Anomalies);
        }
    }

    [Fact]
    public void the_same_question_again_asks_for_nothing()
    {
        var story = CallStory.Of(RequiresConfirmation(1), Approval(2), RequiresConfirmation(3), Completed(4));

        Assert.All(story.Book.Values, verdict => Assert.Equal(Anomalies.None, verdict.Anomalies));
        Assert.Equal((CallState.Approved, CallState.Approved), (story.Book[3].From, story.Book[3].To));
    }

    [Fact]
    public void a_decision_on_another_question_than_the_one_that_stands_is_kept_and_moves_nothing()
    {
        var story = CallStory.Of(RequiresConfirmation(1), Other(2));
        var stale = Approval(3) with { Answers = new Answer(1, Print("question")) };

        var decision = story.Receive(stale);

        Assert.Equal((MessageOutcome.Violation, ViolationCause.StaleAnswer), (decision.Outcome, decision.Verdict.Cause));
        Assert.Equal(CallState.AwaitingConfirmation, story.State);
        Assert.Equal(
            "the decision answers another question than the one that stands now",
            ViolationReason.Of(decision.Verdict, stale));
    }

    [Fact]
    public void a_decision_on_a_call_that_waits_no_more_comes_too_late()
    {
        var story = CallStory.Of(RequiresConfirmation(1), Started(2));

        var decision = story.Receive(Approval(3));

        Assert.Equal(ViolationCause.StaleAnswer, decision.Verdict.Cause);
        Assert.Equal(CallState.Running, story.State);
        Assert.Equal(
            "the decision answers a question that waits no more: the call is running",
            ViolationReason.Of(decision.Verdict, Approval(3)));
    }

    [Fact]
    public void nobody_approves_what_was_asked_for_him_but_may_refuse_it()
    {
        var asked = CallStory.Of(RequiresConfirmation(1) with { Person = "eve" });

        var own = asked.Receive(Approval(2) with { Person = "eve" });

        Assert.Equal(ViolationCause.OwnQuestion, own.Verdict.Cause);
        Assert.Equal(CallState.AwaitingConfirmation, asked.State);
        Assert.Equal(MessageOutcome.Recorded, asked.Receive(Refusal(3) with { Person = "eve" }).Outcome);
    }

    [Fact]
    public void what_the_host_alone_approves_is_its_claim()
    {
        var story = CallStory.Of(RequiresConfirmation(1), Approved(2), Completed(3));

        Assert.Equal(
            [Anomalies.None, Anomalies.ApprovedByHostOnly, Anomalies.ApprovedByHostOnly],
            story.Book.Values.Select(verdict => verdict.Anomalies));
        Assert.Equal(Anomalies.NoApprovalSeen, CallStory.Of(RequiresConfirmation(1), Completed(2)).Book[2].Anomalies);
        Assert.All(
            CallStory.Of(Approved(1), Completed(2)).Book.Values, verdict => Assert.Equal(Anomalies.None, verdict.Anomalies));
    }

    [Fact]
    public void a_host_that_repeats_the_nodes_approval_claims_nothing_and_changes_nothing_of_it()
    {
        var story = CallStory.Of(
            RequiresConfirmation(1), Approval(2), Approved(3) with { Input = Print("rm") },
            Completed(4) with { Input = Print("rm") });

        Assert.Equal(Anomalies.None, story.Book[3].Anomalies);
        Assert.Equal(Anomalies.InputChangedAfterApproval, story.Book[4].Anomalies);
    }

    [Fact]
    public void the_nodes_approval_takes_back_what_was_said_of_the_hosts()
    {
        var story = CallStory.Of(RequiresConfirmation(1), Approved(2));
        Assert.Equal(Anomalies.ApprovedByHostOnly, story.Book[2].Anomalies);

        story.Receive(Approval(3));

        Assert.Equal(Anomalies.None, story.Book[2].Anomalies);
    }

    /// <summary>What its host asked and approved by itself waits for nobody; a person may confirm or refuse it still.</summary>
    [Theory]
    [InlineData(false, false)]
    [InlineData(true, true)]
    public void what_the_node_asks_waits_until_it_has_an_answer_and_what_a_host_asked_until_that_approved_it(bool isNodes, bool waits)
    {
        var asked = RequiresConfirmation(1) with { ExpiresAt = isNodes ? At(7200) : null };
        var story = CallStory.Of(asked);
        Assert.True(story.History.Standing.IsWaiting);

        story.Receive(Approved(2));
        Assert.Equal(waits, story.History.Standing.IsWaiting);

        Assert.Equal(MessageOutcome.Recorded, story.Receive(Approval(3)).Outcome);
        Assert.False(story.History.Standing.IsWaiting);
        Assert.Equal(MessageOutcome.Recorded, story.Receive(Refusal(4)).Outcome);
        Assert.False(story.History.Standing.IsWaiting);
        Assert.False(CallStory.Of(asked, Approved(2), Started(3)).History.Standing.IsWaiting);
        Assert.False(CallStory.Of(Requested(1), Approved(2)).History.Standing.IsWaiting);
    }

    private static CallMessage Approval(double at) => Approved(at) with { MadeByNode = true };

    private static CallMessage Refusal(double at) => Blocked(at) with { MadeByNode = true };

    private static CallMessage Other(double at) =>
        RequiresConfirmation(at) with { Question = Print("another"), Input = Print("rm") };
}
