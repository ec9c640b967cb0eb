using Audit.Lifecycle.Tests.Support;
using static Audit.Lifecycle.Tests.Support.Say;

namespace Audit.Lifecycle.Tests.Calls;

public sealed class FloodTests
{
    [Fact]
    public void after_two_hundred_violations_further_ones_are_only_counted()
    {
        var story = Noisy(Completed(0), CallLimits.Noise, index => Started(1 + index));

        var decision = story.Tell(Started(5000));

        Assert.Equal(MessageOutcome.Refused, decision.Outcome);
        Assert.Equal("this call holds 200 violations and repeats already; further ones are only counted", decision.Error);
        Assert.Equal(new CallEvent.Flooded(1), Assert.Single(decision.Events));
        Assert.Equal(201, story.Book.Count);
    }

    [Fact]
    public void repeats_count_as_noise_and_duplicates_do_not()
    {
        var story = Noisy(Blocked(0), CallLimits.Noise, index => Blocked(1 + index));

        Assert.Equal(MessageOutcome.Duplicate, story.Tell(Blocked(7)).Outcome);
        Assert.Equal(MessageOutcome.Refused, story.Tell(Blocked(5000)).Outcome);
    }

    [Fact]
    public void the_count_is_written_at_powers_of_two()
    {
        var story = Noisy(Completed(0), CallLimits.Noise + 100, index => Started(1 + index));

        Assert.Equal([1, 2, 4, 8, 16, 32, 64],
            story.Events.OfType<CallEvent.Flooded>().Select(flooded => flooded.Count));
        Assert.Equal(100, story.History.Flooded);
        Assert.Equal(1 + CallLimits.Noise + 7, story.History.Sequence);
    }

    [Fact]
    public void a_flood_that_is_read_back_is_counted_on_from_the_last_power_of_two()
    {
        var story = Noisy(Completed(0), CallLimits.Noise + 100, index => Started(1 + index));

        var read = story.Events.Aggregate(CallHistory.Empty, CallEvolution.Evolve);

        Assert.Equal(64, read.Flooded);
        Histories.Same(story.History with { Flooded = 64 }, read);
    }

    [Fact]
    public void a_flooded_call_still_takes_what_is_legal()
    {
        var story = Noisy(Completed(0), CallLimits.Noise + 3, index => Started(1 + index));

        Assert.Equal(MessageOutcome.Recorded, story.Tell(PersistenceFailed(5000)).Outcome);
        Assert.Equal(CallState.PersistenceFailed, story.State);
    }

    [Fact]
    public void a_thousand_transitions_are_recorded_and_then_refused()
    {
        var story = new CallStory();
        for (var index = 0; index < CallLimits.Transitions; index++)
        {
            Assert.Equal(MessageOutcome.Recorded, story.Tell(Requested(index)).Outcome);
        }

        var decision = story.Tell(Completed(5000));

        Assert.Equal((MessageOutcome.Refused, "this call holds 1000 transitions already"), (decision.Outcome, decision.Error));
        Assert.Equal(new CallEvent.Flooded(1), Assert.Single(decision.Events));
        Assert.Equal(CallState.Requested, story.State);
        Assert.Equal(MessageOutcome.Duplicate, story.Tell(Requested(3)).Outcome);
    }

    [Fact]
    public void a_call_full_of_transitions_still_keeps_violations()
    {
        var story = new CallStory();
        story.Tell(Completed(0));
        for (var index = 1; index < CallLimits.Transitions; index++)
        {
            story.Tell(Cached(index));
        }

        Assert.Equal(MessageOutcome.Violation, story.Tell(Started(5000)).Outcome);
        Assert.Equal(MessageOutcome.Refused, story.Tell(Cached(5001)).Outcome);
    }

    [Fact]
    public void late_messages_that_judge_all_others_anew_end_at_the_limit_of_the_stream()
    {
        var story = new CallStory();
        for (var index = 0; index < 900; index++)
        {
            story.Tell(Requested(100 + index) with { Provider = "openai" });
        }

        // Each comes before all others and names another provider, so that all of them are judged anew.
        for (var index = 0; index < 20; index++)
        {
            story.Tell(Requested(50 - index) with { Provider = index % 2 == 0 ? "anthropic" : "openai" });
        }

        Assert.InRange(story.History.Sequence, 3000, CallLimits.Events + 8);
        Assert.True(story.History.Flooded > 0);
    }

    private static CallStory Noisy(CallMessage first, int count, Func<int, CallMessage> noise)
    {
        var story = CallStory.Of(first);
        for (var index = 0; index < count; index++)
        {
            story.Tell(noise(index));
        }

        return story;
    }
}
