using Audit.Lifecycle.Tests.Support;

namespace Audit.Lifecycle.Tests.Laws;

/// <summary>A law that is never put to the test holds for nothing.</summary>
public sealed class MessageListsTests
{
    [Fact]
    public void generated_lists_reach_every_anomaly_every_cause_and_every_state()
    {
        var anomalies = Anomalies.None;
        var causes = new HashSet<ViolationCause>();
        var states = new HashSet<CallState>();
        var lifted = 0;
        var late = 0;
        Law.Holds(MessageLists.Any, Follow, runs: 1000);
        Law.Holds(MessageLists.OfDecisions, Follow, runs: 300);
        Follow(new MessageList([.. Enumerable.Range(0, CallLimits.Repeats + 9).Select(
            index => new Spec { Kind = MessageKind.Blocked, AtNanoseconds = index })]));

        Assert.Equal(Enum.GetValues<Anomalies>().Aggregate((one, other) => one | other), anomalies);
        Assert.Equal(Enum.GetValues<ViolationCause>(), causes.Order());
        Assert.Equal(Enum.GetValues<CallState>(), states.Order());
        Assert.True(late > 100, $"{late} late messages");
        Assert.True(lifted > 100, $"{lifted} lifted violations");

        void Follow(MessageList list)
        {
            var story = list.Send();
            foreach (var verdict in story.Book.Values)
            {
                anomalies |= verdict.Anomalies;
                causes.Add(verdict.Cause);
                states.Add(verdict.From);
                states.Add(verdict.To);
            }

            late += story.Events.Count(happened => happened is CallEvent.Received { Late: true });
            lifted += story.Events.Count(happened =>
                happened is CallEvent.Rejudged rejudged && rejudged.Was.IsViolation && !rejudged.Now.IsViolation);
        }
    }
}
