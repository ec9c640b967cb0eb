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
    public void a_derived_message_that_is_told_again_is_a_duplicate_however_it_is_told()
    {
        var story = CallStory.Of(Derived(Completed(1)));

        var decision = story.Receive(Derived(Completed(2)));

        Assert.Equal((MessageOutcome.Duplicate, 1), (decision.Outcome, decision.Sequence));
        Assert.Empty(decision.Events);
    }

    [Fact]
    public void no_host_takes_the_id_of_a_derived_message_before_it_or_after_it()
    {
        var derived = Derived(Completed(2));
        var posed = derived with { Derived = false, Success = false, RecordedAt = At(1), Dedup = Print("a guess") };

        foreach (var messages in new[] { new[] { posed, derived }, [derived, posed] })
        {
            var story = CallStory.Of(messages);
            Assert.Equal(2, story.History.Messages);
            Assert.DoesNotContain(story.Book.Values, verdict => verdict.Cause == ViolationCause.MessageIdReused);
            Assert.Contains(story.History.JudgedByArrival(), entry => entry.Message.Derived && entry.Message.Success);
            Assert.Equal(MessageOutcome.Duplicate, story.Receive(derived).Outcome);
        }
    }

    [Fact]
    public void sources_that_tell_success_tool_or_input_differently_are_noted()
    {
        CallMessage[] others =
        [
            Derived(Failed(1)),
            Derived(Completed(1)) with { ToolName = "browser" },
            Derived(Completed(1)) with { Input = Print("other") },
        ];
        foreach (var other in others)
        {
            var story = CallStory.Of(Derived(Completed(1)));

            var decision = story.Receive(other);

            Assert.Equal((MessageOutcome.Duplicate, 1), (decision.Outcome, decision.Sequence));
            var rejudged = Assert.IsType<CallEvent.Rejudged>(Assert.Single(decision.Events));
            Assert.Equal((1L, Anomalies.SourcesDiffer), (rejudged.Sequence, rejudged.Now.Anomalies));
            Assert.Equal(rejudged.Was with { Anomalies = Anomalies.SourcesDiffer }, rejudged.Now);
            Assert.Equal(CallState.Completed, story.State);
        }
    }

    [Fact]
    public void what_a_source_leaves_out_is_not_told_differently()
    {
        var story = CallStory.Of(Derived(Completed(1)));

        Assert.Empty(story.Receive(Derived(Completed(2)) with { ToolName = null, Input = default }).Events);
    }

    [Fact]
    public void a_call_has_sources_that_differ_once()
    {
        var story = CallStory.Of(Derived(Started(1)), Derived(Completed(2)));

        Assert.Single(story.Receive(Derived(Started(1)) with { Input = Print("other") }).Events);
        Assert.Empty(story.Receive(Derived(Started(1)) with { Input = Print("third") }).Events);
        Assert.Empty(story.Receive(Derived(Completed(2)) with { Input = Print("other") }).Events);
        Assert.Equal([Anomalies.SourcesDiffer, Anomalies.None], story.Book.Values.Select(verdict => verdict.Anomalies));
    }

    [Fact]
    public void sources_that_differ_stay_noted_when_a_late_message_judges_anew()
    {
        var story = CallStory.Of(Derived(Started(2)), Completed(3));
        story.Receive(Derived(Started(2)) with { ToolName = "browser" });

        story.Receive(Requested(1) with { Provider = "openai" });

        Assert.Equal(Anomalies.SourcesDiffer | Anomalies.ProvenanceChanged, story.Book[1].Anomalies);
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

    private static CallMessage Derived(CallMessage message) =>
        message with { Derived = true, MessageId = $"claude-code:call-1:{Words.Of(message.Kind)}" };
}
