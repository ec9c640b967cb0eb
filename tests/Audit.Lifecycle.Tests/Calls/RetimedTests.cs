using Audit.Lifecycle.Tests.Support;
using static Audit.Lifecycle.Tests.Support.Say;

namespace Audit.Lifecycle.Tests.Calls;

/// <summary>A time that was given takes the place of one that was inferred, and of nothing that anybody relied on.</summary>
public sealed class RetimedTests
{
    private const double Receipt = 3600;

    [Fact]
    public void a_given_time_replaces_an_inferred_one_near_its_receipt_and_the_call_is_judged_anew()
    {
        var story = CallStory.Of(Inferred(Completed(Receipt)), Started(Receipt - 10));
        Assert.Equal(CallState.Completed, story.State);
        var other = CallStory.Of(Inferred(Requested(Receipt)), Completed(Receipt - 10));
        Assert.Equal(Anomalies.ClockWentBack, other.Book[2].Anomalies);

        var decision = other.Receive(Given(Requested(Receipt - 20)));

        Assert.Equal(MessageOutcome.Duplicate, decision.Outcome);
        Assert.Equal(new CallEvent.Retimed(1, At(Receipt), At(Receipt - 20), Counts: true), decision.Events[0]);
        Assert.All(other.Book.Values, verdict => Assert.Equal(Anomalies.None, verdict.Anomalies));
        Assert.Equal(CallState.Completed, other.State);
        Assert.Equal(At(Receipt - 20), other.History.Find(1)!.Message.RecordedAt);
        Assert.Empty(other.Receive(Given(Requested(Receipt - 30))).Events);
    }

    [Theory]
    [InlineData(-301)]
    [InlineData(301)]
    public void a_time_far_from_the_receipt_is_kept_beside_the_inferred_one(double seconds)
    {
        var story = CallStory.Of(Inferred(Started(Receipt)));

        var decision = story.Receive(Given(Started(Receipt + seconds)));

        Assert.Equal(
            new CallEvent.Retimed(1, At(Receipt), At(Receipt + seconds), Counts: false), Assert.Single(decision.Events));
        Assert.Equal(At(Receipt), story.History.Find(1)!.Message.RecordedAt);
        Assert.Empty(story.Receive(Given(Started(Receipt + seconds))).Events);
    }

    [Fact]
    public void no_message_crosses_a_decision_by_another_time()
    {
        var story = CallStory.Of(
            Inferred(Started(Receipt)), PersistenceFailed(Receipt + 1), RequiresConfirmation(Receipt + 2),
            Blocked(Receipt + 3) with { MadeByNode = true, Token = "maria" });

        var decision = story.Receive(Given(Started(Receipt + 100)));

        Assert.False(Assert.IsType<CallEvent.Retimed>(Assert.Single(decision.Events)).Counts);
        Assert.Equal(CallState.Blocked, story.State);
    }

    [Fact]
    public void a_question_that_was_answered_keeps_its_time()
    {
        var story = CallStory.Of(
            Inferred(RequiresConfirmation(Receipt)),
            Approved(Receipt + 60) with { MadeByNode = true, Token = "maria", ReceivedAt = At(Receipt + 60) });

        Assert.False(Assert.IsType<CallEvent.Retimed>(
            Assert.Single(story.Receive(Given(RequiresConfirmation(Receipt - 5))).Events)).Counts);
        Assert.Equal(CallState.Approved, story.State);
    }

    [Fact]
    public void what_is_read_back_is_the_call()
    {
        var story = CallStory.Of(Inferred(Started(Receipt)), Completed(Receipt - 10));
        story.Receive(Given(Started(Receipt - 20)));

        Histories.Same(story.History, story.Events.Aggregate(CallHistory.Empty, CallEvolution.Evolve));
        Assert.Equal(Judge.Of(story.History.JudgedByArrival()).Standing, story.History.Standing);
    }

    private static CallMessage Inferred(CallMessage message) => Given(message) with { TimeInferred = true };

    private static CallMessage Given(CallMessage message) =>
        message with { Derived = true, DerivedId = $"claude-code:call-1:{Words.Of(message.Kind)}" };
}
