using Audit.Lifecycle.Tests.Support;
using static Audit.Lifecycle.Tests.Support.Say;

namespace Audit.Lifecycle.Tests.Calls;

/// <summary>Hosts deliver at least once.</summary>
public sealed class DeliveryTests
{
    [Fact]
    public void the_same_record_again_is_a_duplicate_and_nothing_is_written()
    {
        var story = CallStory.Of(Requested(1), Completed(2));
        var before = story.History;

        var decision = story.Receive(Requested(1) with { ReceivedAt = At(5000), Token = "laptop", Seq = 4 });

        Assert.Equal((MessageOutcome.Duplicate, 1), (decision.Outcome, decision.Sequence));
        Assert.Empty(decision.Events);
        Assert.Same(before, decision.After);
        Assert.Equal((CallState.Completed, 1), (decision.Verdict.To, decision.Verdict.Attempt));
    }

    [Fact]
    public void the_same_message_id_with_the_same_record_is_a_duplicate()
    {
        var story = CallStory.Of(Requested(1) with { MessageId = "m" });

        Assert.Equal(MessageOutcome.Duplicate, story.Receive(Requested(1) with { MessageId = "m" }).Outcome);
    }

    [Fact]
    public void a_record_without_a_message_id_is_known_by_what_it_says()
    {
        var story = CallStory.Of(Requested(1) with { MessageId = "m" });

        Assert.Equal(MessageOutcome.Duplicate, story.Receive(Requested(1)).Outcome);
    }

    [Fact]
    public void a_record_under_another_message_id_is_another_message()
    {
        var story = CallStory.Of(Requested(1) with { MessageId = "m" });

        Assert.Equal(MessageOutcome.Recorded, story.Receive(Requested(1) with { MessageId = "n" }).Outcome);
    }

    [Fact]
    public void a_duplicate_is_told_the_first_of_several_that_say_the_same()
    {
        var story = CallStory.Of(Requested(1), Requested(1) with { MessageId = "m" }, Requested(1) with { MessageId = "n" });

        Assert.Equal(1, story.Receive(Requested(1)).Sequence);
        Assert.Equal(3, story.Receive(Requested(1) with { MessageId = "n" }).Sequence);
    }

    [Fact]
    public void a_message_id_with_another_record_is_a_violation_that_moves_nothing()
    {
        var story = CallStory.Of(Requested(1) with { MessageId = "m" });

        var decision = story.Receive(Completed(2) with { MessageId = "m" });

        Assert.Equal(MessageOutcome.Violation, decision.Outcome);
        Assert.Equal(ViolationCause.MessageIdReused, decision.Verdict.Cause);
        Assert.Equal(CallState.Requested, story.State);
        Assert.Equal("the message_id \"m\" belongs to another record of this call",
            ViolationReason.Of(decision.Verdict, Completed(2) with { MessageId = "m" }));
    }

    [Fact]
    public void a_reused_message_id_is_a_violation_once_and_a_duplicate_afterwards()
    {
        var story = CallStory.Of(Requested(1) with { MessageId = "m" }, Completed(2) with { MessageId = "m" });

        var decision = story.Receive(Completed(2) with { MessageId = "m" });

        Assert.Equal((MessageOutcome.Duplicate, 2), (decision.Outcome, decision.Sequence));
        Assert.Equal(2, story.History.Sequence);
    }

    [Fact]
    public void a_reused_message_id_stays_a_violation_whatever_comes_late()
    {
        var story = CallStory.Of(Started(2) with { MessageId = "m" }, Completed(3) with { MessageId = "m" });

        story.Receive(Requested(1));

        Assert.Equal(ViolationCause.MessageIdReused, story.Book[2].Cause);
        Assert.Equal(CallState.Running, story.State);
    }

    [Fact]
    public void an_oversized_message_is_kept_as_evidence_and_moves_nothing()
    {
        var story = CallStory.Of(Requested(1));

        var decision = story.Receive(Requested(2) with { OversizedBytes = 20 << 20, Dedup = Print("whole") });

        Assert.Equal((MessageOutcome.Recorded, 2), (decision.Outcome, decision.Sequence));
        Assert.Equal(
            new Verdict(CallState.Requested, CallState.Requested, 1, Anomalies.Oversized, ViolationCause.None), decision.Verdict);
        Assert.Equal(EntryWeight.Oversized, Assert.IsType<CallEvent.Received>(Assert.Single(decision.Events)).Weight);
    }

    [Fact]
    public void an_oversized_message_that_comes_again_is_a_duplicate()
    {
        var oversized = Requested(2) with { OversizedBytes = 20 << 20, Dedup = Print("whole") };

        Assert.Equal(MessageOutcome.Duplicate, CallStory.Of(oversized).Receive(oversized with { RecordedAt = At(9) }).Outcome);
    }

    [Fact]
    public void a_call_that_begins_with_an_oversized_message_begins_with_the_next_one()
    {
        var story = CallStory.Of(Requested(9) with { OversizedBytes = 20 << 20, Dedup = Print("whole") }, Started(1));

        Assert.False(Assert.IsType<CallEvent.Received>(story.Events[1]).Late);
        Assert.Equal((CallState.Running, 1), (story.State, story.History.Standing.Attempt));
    }
}
