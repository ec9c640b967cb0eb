using Audit.Lifecycle.Tests.Support;
using static Audit.Lifecycle.Tests.Support.Say;

namespace Audit.Lifecycle.Tests.Calls;

/// <summary>What the node asks and answers by a policy of its own.</summary>
public sealed class PolicyAnswerTests
{
    private static readonly PolicyMark Mark = new("v-1", "rule");

    [Fact]
    public void the_answer_that_comes_with_its_question_is_on_the_one_that_stands()
    {
        var story = CallStory.Of(Requested(1), RequiresConfirmation(2), ByPolicy(MessageKind.Approved, 2), Started(3));

        Assert.Equal(CallState.Running, story.State);
        Assert.All(story.Book.Values, verdict => Assert.Equal(Anomalies.None, verdict.Anomalies));
    }

    [Fact]
    public void an_answer_of_the_node_itself_to_nothing_is_not_written()
    {
        var story = CallStory.Of(Requested(1));

        var decision = story.Receive(ByPolicy(MessageKind.Approved, 2));

        Assert.Equal((MessageOutcome.Refused, 0), (decision.Outcome, decision.Events.Count));
        Assert.Equal(1, story.History.Sequence);
    }

    [Fact]
    public void no_policy_answers_after_another_answer_but_a_stop_does()
    {
        var story = CallStory.Of(RequiresConfirmation(1), ByPolicy(MessageKind.Approved, 1));

        Assert.Equal(
            MessageOutcome.Refused,
            story.Receive(ByPolicy(MessageKind.Blocked, 1) with { Dedup = Print("other") }).Outcome);
        story.Receive(ByPolicy(MessageKind.Blocked, 1) with { Dedup = Print("stop"), Policy = Mark with { Order = "s-1" } });
        Assert.Equal(CallState.Blocked, story.State);
        Assert.Equal(ViolationCause.StandingRefusal, story.Receive(Started(3)).Verdict.Cause);
    }

    [Fact]
    public void a_question_ends_once_and_takes_no_approval_after()
    {
        var story = CallStory.Of(RequiresConfirmation(1) with { ExpiresAt = At(3700) });

        var late = story.Receive(Of(MessageKind.Approved, 2) with { MadeByNode = true, ReceivedAt = At(3701) });
        Assert.Equal(ViolationCause.StaleAnswer, late.Verdict.Cause);
        story.Receive(ByPolicy(MessageKind.Invalidated, 2) with { Policy = null });
        Assert.Equal(CallState.Invalidated, story.State);
        var again = ByPolicy(MessageKind.Invalidated, 2) with { Policy = null, Dedup = Print("again") };
        Assert.Equal(MessageOutcome.Refused, story.Receive(again).Outcome);
    }

    [Fact]
    public void what_was_approved_is_not_ended_by_the_clock()
    {
        var story = CallStory.Of(RequiresConfirmation(1), ByPolicy(MessageKind.Approved, 1));

        Assert.Equal(
            MessageOutcome.Refused, story.Receive(ByPolicy(MessageKind.Invalidated, 2) with { Policy = null }).Outcome);
        Assert.Equal(CallState.Approved, story.State);
    }

    [Theory]
    [InlineData(599, Anomalies.None)]
    [InlineData(601, Anomalies.ApprovalExpired)]
    public void what_begins_after_its_approval_ended_is_marked(double at, Anomalies expected)
    {
        var story = CallStory.Of(
            RequiresConfirmation(1),
            ByPolicy(MessageKind.Approved, 1) with { ReceivedAt = At(1), ExpiresAt = At(600) }, Started(at));

        Assert.Equal(expected, story.Book[3].Anomalies);
    }

    [Theory]
    [InlineData(300, 1000, 1601, Anomalies.ApprovalExpired)]
    [InlineData(300, 1000, 1599, Anomalies.None)]
    [InlineData(901, 1000, 1601, Anomalies.None)]
    [InlineData(1599, 1000, 9000, Anomalies.None)]
    public void what_is_said_to_have_begun_before_it_was_approved_counts_from_when_it_was_told(
        double said, double approved, double told, Anomalies expected)
    {
        var story = CallStory.Of(
            RequiresConfirmation(1) with { ReceivedAt = At(1) },
            ByPolicy(MessageKind.Approved, 1) with { ReceivedAt = At(approved), ExpiresAt = At(approved + 600) },
            Started(said) with { ReceivedAt = At(told) });

        Assert.Equal(expected, story.Book[3].Anomalies);
    }

    [Fact]
    public void of_two_persons_the_first_moves_nothing_and_the_second_approves()
    {
        var story = CallStory.Of(RequiresConfirmation(1) with { Policy = Mark with { People = 2 } });

        story.Receive(Person("ada"));
        story.Receive(Person("ada") with { Dedup = Print("ada again") });
        Assert.Equal((CallState.AwaitingConfirmation, "ada"), (story.State, story.History.Standing.FirstBy));
        Assert.Equal(Approval.None, story.History.Standing.Approval);
        story.Receive(Person("bob"));
        Assert.Equal((CallState.Approved, Approval.ByNode), (story.State, story.History.Standing.Approval));
    }

    [Fact]
    public void a_hosts_own_approval_is_none_of_the_two()
    {
        var story = CallStory.Of(
            RequiresConfirmation(1) with { Policy = Mark with { People = 2 } }, Approved(2), Person("ada"));

        Assert.Equal(Approval.ByHost, story.History.Standing.Approval);
        story.Receive(Person("bob"));
        Assert.Equal(Approval.ByNode, story.History.Standing.Approval);
    }

    [Fact]
    public void another_question_is_approved_by_two_again()
    {
        var story = CallStory.Of(
            RequiresConfirmation(1) with { Policy = Mark with { People = 2 } }, Person("ada"),
            RequiresConfirmation(3) with { Policy = Mark with { People = 2 }, Question = Print("other") }, Person("bob"));

        Assert.Equal((CallState.AwaitingConfirmation, "bob"), (story.State, story.History.Standing.FirstBy));
    }

    [Fact]
    public void what_the_node_asks_takes_the_place_of_the_same_asked_by_the_host()
    {
        var story = CallStory.Of(
            RequiresConfirmation(1), Person("ada"),
            RequiresConfirmation(3) with { Policy = Mark with { People = 2 }, ExpiresAt = At(3700), Dedup = Print("node's") });

        Assert.Equal(
            (CallState.AwaitingConfirmation, Approval.None, 2),
            (story.State, story.History.Standing.Approval, story.History.Standing.People));
        story.Receive(RequiresConfirmation(4) with { Dedup = Print("once more") });
        Assert.Equal((3L, 2), (story.History.Standing.Asked, story.History.Standing.People));
    }

    private static CallMessage ByPolicy(MessageKind kind, double at) => Of(kind, at) with
    {
        MadeByNode = true, Policy = Mark, Token = "node", Answers = new Answer(0, Print("question")),
    };

    private static CallMessage Person(string name) =>
        Of(MessageKind.Approved, 2) with { MadeByNode = true, Person = name, Dedup = Print(name) };
}
