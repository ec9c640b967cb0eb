using Audit.Lifecycle.Tests.Support;
using static Audit.Lifecycle.Tests.Support.Say;

namespace Audit.Lifecycle.Tests.Calls;

/// <summary>What repeats is counted, and nothing that is new is lost by it.</summary>
public sealed class FloodTests
{
    [Fact]
    public void the_message_that_reaches_a_limit_is_a_violation_and_those_behind_it_are_counted()
    {
        var story = Blocking(CallLimits.Repeats);

        var reaching = story.Receive(Blocked(5000));
        var counted = story.Receive(Blocked(5001));

        Assert.Equal((MessageOutcome.Violation, ViolationCause.Flooded), (reaching.Outcome, reaching.Verdict.Cause));
        Assert.Equal(MessageOutcome.Counted, counted.Outcome);
        Assert.Equal("this call holds 100 such messages already; this one was counted", counted.Error);
        var flooded = Assert.IsType<CallEvent.Flooded>(Assert.Single(counted.Events));
        Assert.Equal(
            (MessageKind.Blocked, ViolationCause.None, 1L, 1L), (flooded.Kind, flooded.Cause, flooded.Count, flooded.Total));
    }

    [Fact]
    public void a_success_behind_a_flood_of_refusals_is_written_as_what_it_is()
    {
        var story = Blocking(100_000);

        var decision = story.Receive(Completed(200_000) with { Result = Print("EXFILTRATED") });

        Assert.Equal((MessageOutcome.Violation, ViolationCause.StandingRefusal), (decision.Outcome, decision.Verdict.Cause));
        Assert.False(decision.IsHead);
        Assert.Equal(100_000 - CallLimits.Repeats - 1, story.History.Flooded);
    }

    [Fact]
    public void results_that_were_not_seen_before_have_room_of_their_own()
    {
        var story = Blocking(500);
        for (var index = 0; index < 400; index++)
        {
            story.Receive(Completed(1000 + index));
        }

        for (var index = 0; index < CallLimits.Results - 1; index++)
        {
            var decision = story.Receive(Completed(5000 + index) with { Result = Print($"result {index}") });
            Assert.Equal((MessageOutcome.Violation, false), (decision.Outcome, decision.IsHead));
        }

        Assert.Equal(MessageOutcome.Counted, story.Receive(Completed(9000) with { Result = Print("one too many") }).Outcome);
    }

    [Fact]
    public void what_runs_with_an_input_that_was_not_approved_is_marked_behind_any_number_of_starts()
    {
        var story = CallStory.Of(
            RequiresConfirmation(1) with { Input = Print("ls") }, Approved(2) with { Input = Print("ls") });
        for (var index = 0; index < 5_000; index++)
        {
            story.Receive(Started(10 + index) with { Input = Print("ls") });
        }

        Assert.Equal(MessageOutcome.Counted, story.Receive(Started(9_000) with { Input = Print("ls") }).Outcome);
        var decision = story.Receive(Started(9_001) with { Input = Print("rm -rf /") });

        Assert.Equal((MessageOutcome.Recorded, false), (decision.Outcome, decision.IsHead));
        Assert.True(decision.Verdict.Anomalies.HasFlag(Anomalies.InputChangedAfterApproval));
        Assert.Equal(MessageOutcome.Counted, story.Receive(Started(9_002) with { Input = Print("rm -rf /") }).Outcome);
    }

    [Fact]
    public void a_decision_of_the_node_is_crowded_out_by_nothing()
    {
        var story = CallStory.Of(RequiresConfirmation(1));
        for (var index = 0; index < 20_000; index++)
        {
            story.Receive((index % 2 == 0 ? Approved(2 + index) : RequiresConfirmation(2 + index)) with { Question = Print($"{index}") });
        }

        Assert.True(story.History.Messages >= CallLimits.Written);
        story.Receive(RequiresConfirmation(50_000));
        var refusal = story.Receive(Blocked(50_001) with
        {
            MadeByNode = true, Token = "maria", Answers = new Answer(story.History.Standing.Asked, story.History.Standing.Question),
        });
        Assert.Equal((MessageOutcome.Recorded, false), (refusal.Outcome, refusal.IsHead));
        Assert.True(story.History.Standing.RefusedByNode);
    }

    [Fact]
    public void what_moves_the_call_is_written_in_full_and_then_as_heads_and_then_refused()
    {
        var story = new CallStory();
        var (full, heads, refused) = (0, 0, 0);
        for (var index = 0; index < 12_000; index++)
        {
            var decision = story.Receive((index % 2 == 0 ? RequiresConfirmation(index) : Approved(index)) with { Question = Print($"{index}") });
            full += decision is { Outcome: MessageOutcome.Recorded, IsHead: false } ? 1 : 0;
            heads += decision is { Outcome: MessageOutcome.Recorded, IsHead: true } ? 1 : 0;
            refused += decision.Outcome is MessageOutcome.Refused or MessageOutcome.Counted ? 1 : 0;
        }

        Assert.InRange(full, CallLimits.Full - 2, CallLimits.Full + 10);
        Assert.InRange(full + heads, CallLimits.Written, CallLimits.Written + 2);
        Assert.InRange(refused, 1996, 2000);
    }

    [Fact]
    public void a_count_is_written_at_powers_of_two_and_within_ten_seconds()
    {
        var story = Blocking(CallLimits.Repeats + 1);
        for (var index = 0; index < 100; index++)
        {
            story.Receive(Blocked(5000 + index));
        }

        Assert.Equal([1, 2, 4, 8, 16, 32, 64], story.Events.OfType<CallEvent.Flooded>().Select(flooded => flooded.Count));
        story.Receive(Blocked(6000) with { ReceivedAt = At(3611) });
        Assert.Equal(101, story.Events.OfType<CallEvent.Flooded>().Last().Count);
    }

    [Fact]
    public void what_is_counted_can_be_written_down_at_any_time_and_is_read_back_whole()
    {
        var story = Blocking(CallLimits.Repeats + 1 + 100);
        Assert.True(story.History.HasUnwrittenCounts);

        var (after, events) = CallDecider.WriteCounts(story.History);

        Assert.Equal(100, Assert.IsType<CallEvent.Flooded>(Assert.Single(events)).Count);
        Assert.False(after.HasUnwrittenCounts);
        Assert.Equal(100, story.Events.Concat(events).Aggregate(CallHistory.Empty, CallEvolution.Evolve).Flooded);
        Assert.Empty(CallDecider.WriteCounts(after).Events);
    }

    [Fact]
    public void a_flood_that_is_read_back_is_counted_on_from_what_was_written()
    {
        var story = Blocking(CallLimits.Repeats + 1 + 100);

        var read = story.Events.Aggregate(CallHistory.Empty, CallEvolution.Evolve);

        Assert.Equal(64, read.Flooded);
        Assert.Equal(MessageOutcome.Counted, CallDecider.Decide(read, Sealed(Blocked(9000))).Outcome);
        Assert.Equal(65, CallDecider.Decide(read, Sealed(Blocked(9000))).After.Flooded);
    }

    [Fact]
    public void what_was_counted_is_held_by_a_chained_hash()
    {
        var one = Blocking(CallLimits.Repeats + 1 + 4).Events.OfType<CallEvent.Flooded>().Last();
        var again = Blocking(CallLimits.Repeats + 1 + 4).Events.OfType<CallEvent.Flooded>().Last();

        Assert.Equal(one, again);
        Assert.False(one.Chain.IsEmpty);
    }

    [Fact]
    public void duplicates_are_not_counted()
    {
        var story = Blocking(500);

        Assert.Equal(MessageOutcome.Duplicate, story.Receive(Blocked(7)).Outcome);
    }

    private static CallStory Blocking(int count)
    {
        // The first one moves the call; the others repeat it.
        var story = CallStory.Of(Blocked(0));
        for (var index = 1; index < count; index++)
        {
            story.Receive(Blocked(index));
        }

        return story;
    }
}
