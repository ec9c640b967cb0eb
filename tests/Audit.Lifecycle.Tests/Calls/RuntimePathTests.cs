using Audit.Lifecycle.Tests.Support;

namespace Audit.Lifecycle.Tests.Calls;

/// <summary>What the seed's own runtime does with a call, and what no honest runtime does.</summary>
public sealed class RuntimePathTests
{
    [Theory]
    [InlineData("cached")]
    [InlineData("completed")]
    [InlineData("completed-")]
    [InlineData("persistence_failed")]
    [InlineData("persistence_failed-")]
    [InlineData("invalidated")]
    [InlineData("invalidated persistence_failed-")]
    [InlineData("completed persistence_failed")]
    [InlineData("completed- persistence_failed-")]
    [InlineData("blocked")]
    [InlineData("blocked persistence_failed-")]
    [InlineData("requires_confirmation")]
    [InlineData("requires_confirmation persistence_failed-")]
    [InlineData("requires_confirmation blocked")]
    [InlineData("requires_confirmation blocked persistence_failed-")]
    [InlineData("requires_confirmation blocked completed-")]
    [InlineData("requires_confirmation blocked completed- persistence_failed-")]
    [InlineData("blocked completed-")]
    [InlineData("blocked completed- persistence_failed-")]
    [InlineData("requires_confirmation cached completed")]
    [InlineData("requires_confirmation cached completed persistence_failed")]
    [InlineData("cached completed")]
    [InlineData("cached completed persistence_failed")]
    [InlineData("requires_confirmation completed")]
    [InlineData("requires_confirmation completed-")]
    [InlineData("requires_confirmation completed persistence_failed")]
    [InlineData("requires_confirmation invalidated")]
    [InlineData("requires_confirmation requires_confirmation")]
    [InlineData("requires_confirmation requires_confirmation completed")]
    [InlineData("requires_confirmation requires_confirmation blocked")]
    [InlineData("requires_confirmation requires_confirmation cached completed")]
    [InlineData("replayed")]
    [InlineData("replayed replayed")]
    [InlineData("replayed completed")]
    [InlineData("completed replayed")]
    [InlineData("completed cached")]
    [InlineData("completed cached completed")]
    [InlineData("requires_confirmation completed cached completed")]
    [InlineData("requested requires_confirmation approved started completed")]
    [InlineData("requested started completed")]
    [InlineData("requested requires_confirmation cancelled")]
    public void a_path_of_the_runtime_is_legal_within_one_attempt(string path)
    {
        var story = StoryOf(path);

        Assert.DoesNotContain(story.Book.Values, verdict => verdict.IsViolation);
        Assert.Equal(1, story.History.Standing.Attempt);
        Assert.DoesNotContain(
            story.Book.Values, verdict => (verdict.Anomalies & (Anomalies.IdReused | Anomalies.Repeated)) != 0);
    }

    [Theory]
    [InlineData("completed persistence_failed completed")]
    [InlineData("completed persistence_failed replayed")]
    [InlineData("requires_confirmation persistence_failed- requires_confirmation completed")]
    [InlineData("persistence_failed- completed")]
    [InlineData("invalidated persistence_failed- invalidated")]
    [InlineData("blocked persistence_failed- blocked completed-")]
    [InlineData("blocked persistence_failed- requires_confirmation completed")]
    [InlineData("invalidated requires_confirmation completed")]
    public void a_retry_after_a_failure_opens_the_next_attempt(string path)
    {
        var story = StoryOf(path);

        Assert.DoesNotContain(story.Book.Values, verdict => verdict.IsViolation);
        Assert.Equal(2, story.History.Standing.Attempt);
    }

    [Theory]
    [InlineData("completed completed", "a completed call reported success")]
    [InlineData("completed blocked", "a completed call was blocked")]
    [InlineData("completed approved", "a completed call was approved")]
    [InlineData("completed requires_confirmation", "a completed call asked for confirmation again in turn 1, which is not later than its own")]
    [InlineData("completed started", "a completed call started")]
    [InlineData("blocked cached", "a blocked call reported a cached result")]
    [InlineData("blocked completed", "a blocked call reported success")]
    [InlineData("blocked approved", "a blocked call was approved")]
    [InlineData("blocked persistence_failed- completed", "a call whose refusal still stands reported success")]
    [InlineData("blocked persistence_failed- started", "a call whose refusal still stands started")]
    [InlineData("blocked persistence_failed- cached", "a call whose refusal still stands reported a cached result")]
    [InlineData("blocked persistence_failed- replayed", "a call whose refusal still stands reported a replayed result")]
    [InlineData("invalidated cached", "an invalidated call reported a cached result")]
    [InlineData("invalidated completed", "an invalidated call reported success")]
    [InlineData("invalidated completed-", "an invalidated call reported a failure")]
    [InlineData("started approved", "a running call was approved")]
    [InlineData("cancelled started", "a cancelled call started")]
    public void what_an_auditor_must_see_is_a_violation_and_says_why(string path, string reason)
    {
        var story = StoryOf(path);

        var received = Assert.IsType<CallEvent.Received>(story.Events[^1]);
        Assert.Equal(reason, ViolationReason.Of(received.Verdict, received.Message));
        Assert.Single(story.Book.Values, verdict => verdict.IsViolation);
    }

    [FactWithRecords]
    public void the_records_of_the_seed_are_legal_all_of_them()
    {
        var stories = Fixtures.Records().GroupBy(record => record.ToolCallId)
            .ToDictionary(call => call.Key, call => CallStory.Of([.. call.Select(record => record.Message)]));

        Assert.Equal(8, stories.Values.Sum(story => story.Events.Count));
        Assert.All(stories.Values.SelectMany(story => story.Book.Values), verdict => Assert.False(verdict.IsViolation));
        Assert.Equal(
            ["persistence_failed", "blocked", "cached", "replayed", "invalidated"],
            stories.Values.Select(story => Words.Of(story.State)));
    }

    [FactWithRecords]
    public void a_success_of_the_blocked_call_of_the_seed_is_a_violation()
    {
        var blocked = Fixtures.Records().Single(record => record.ToolCallId == "toolu_02").Message;
        var story = CallStory.Of(blocked);

        var decision = story.Receive(blocked with
        {
            Kind = MessageKind.Completed,
            Success = true,
            RecordedAt = blocked.RecordedAt.Next(),
            Dedup = default,
        });

        Assert.Equal(MessageOutcome.Violation, decision.Outcome);
        Assert.Equal(CallState.Blocked, story.State);
    }

    /// <summary>A minus marks a result that is no success.</summary>
    private static CallStory StoryOf(string path) => CallStory.Of(
    [
        .. path.Split(' ').Select((step, index) =>
        {
            Assert.True(Words.TryKind(step.TrimEnd('-'), out var kind));
            return Say.Of(kind, at: index, success: !step.EndsWith('-'));
        }),
    ]);
}
