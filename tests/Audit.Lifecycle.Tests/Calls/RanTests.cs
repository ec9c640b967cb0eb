using Audit.Lifecycle.Tests.Support;
using static Audit.Lifecycle.Tests.Support.Say;

namespace Audit.Lifecycle.Tests.Calls;

/// <summary>The flag that a success leaves behind, through all attempts.</summary>
public sealed class RanTests
{
    [Fact]
    public void a_later_completion_with_another_result_is_re_executed()
    {
        var story = CallStory.Of(Completed(1), PersistenceFailed(2), Completed(3) with { Result = Print("another") });

        Assert.Equal(Anomalies.ReExecuted, story.Book[3].Anomalies);
    }

    [Fact]
    public void a_later_completion_with_the_same_result_is_not()
    {
        var story = CallStory.Of(Completed(1), PersistenceFailed(2), Completed(3));

        Assert.Equal(Anomalies.None, story.Book[3].Anomalies);
    }

    [Fact]
    public void a_failure_after_a_success_is_another_result_and_a_success_after_a_failure_is_none()
    {
        var succeeded = CallStory.Of(Completed(1), PersistenceFailed(2), Failed(3));
        var failed = CallStory.Of(Failed(1), PersistenceFailed(2), Completed(3));

        Assert.Equal(Anomalies.ReExecuted, succeeded.Book[3].Anomalies);
        Assert.Equal(Anomalies.None, failed.Book[3].Anomalies);
    }

    [Fact]
    public void a_cached_result_that_completes_was_executed_once()
    {
        var story = CallStory.Of(Cached(1), Completed(2) with { Result = Print("another") });

        Assert.Equal(Anomalies.None, story.Book[2].Anomalies);
    }

    [Fact]
    public void a_call_that_starts_while_it_runs_is_re_executed()
    {
        var story = CallStory.Of(Started(1), Started(2));

        Assert.Equal(Anomalies.ReExecuted, story.Book[2].Anomalies);
        Assert.Equal(CallState.Running, story.State);
    }

    [Fact]
    public void another_call_under_the_same_id_never_ran()
    {
        var story = CallStory.Of(
            Completed(1), Requested(2) with { Turn = 2 }, Completed(3) with { Turn = 2, Result = Print("another") });

        Assert.Equal(Anomalies.None, story.Book[3].Anomalies);
    }
}
