using Audit.Lifecycle.Tests.Support;
using static Audit.Lifecycle.Tests.Support.Say;

namespace Audit.Lifecycle.Tests.Calls;

/// <summary>What is marked beside the table.</summary>
public sealed class AnomalyTests
{
    [Fact]
    public void another_tool_than_the_first_is_an_identity_mismatch()
    {
        var story = CallStory.Of(
            Requested(1) with { ToolName = null }, Requested(2), Started(3) with { ToolName = "browser" }, Completed(4));

        Assert.Equal(ViolationCause.IdentityMismatch, story.Book[3].Cause);
        Assert.Equal("the call began with another tool than \"browser\"",
            ViolationReason.Of(story.Book[3], Started() with { ToolName = "browser" }));
        Assert.Equal(CallState.Completed, story.State);
        Assert.Equal("shell", story.History.Standing.ToolName);
    }

    /// <summary>What ended may show that it runs on in the background; what was stopped was not to.</summary>
    [Fact]
    public void what_was_stopped_and_shows_afterwards_that_it_runs_was_stopped_too_late()
    {
        var started = Started(3) with { Derived = true, DerivedId = "x:started" };
        Assert.Equal(Anomalies.CancelledTooLate, CallStory.Of(Requested(1), Cancelled(2), started).Book[3].Anomalies);
        Assert.Equal(Anomalies.None, CallStory.Of(Requested(1), Completed(2), started).Book[3].Anomalies);
    }

    [Fact]
    public void a_refusal_that_two_channels_close_differently_says_so()
    {
        var failed = Failed(3) with { Derived = true, DerivedId = "x:completed", Channel = "a", Result = Print("one") };
        var story = CallStory.Of(Requested(1), Blocked(2), failed, failed with { Channel = "b", Result = Print("two"), Dedup = Print("other") });
        Assert.Equal((CallState.Blocked, Anomalies.ChannelsDiffer), (story.State, story.Book[4].Anomalies));
    }

    [Fact]
    public void a_message_without_a_tool_is_no_other_tool()
    {
        var story = CallStory.Of(Requested(1), Completed(2) with { ToolName = null });

        Assert.Equal(Anomalies.None, story.Book[2].Anomalies);
        Assert.False(story.Book[2].IsViolation);
    }

    [Fact]
    public void an_identity_mismatch_outlives_the_attempt()
    {
        var story = CallStory.Of(PersistenceFailed(1), Completed(2) with { ToolName = "browser" });

        Assert.Equal(ViolationCause.IdentityMismatch, story.Book[2].Cause);
    }

    [Fact]
    public void another_provider_than_the_first_is_provenance_changed()
    {
        var story = CallStory.Of(
            Requested(1), Started(2) with { Provider = "openai" }, Started(3) with { Provider = null }, Completed(4));

        Assert.Equal([Anomalies.None, Anomalies.ProvenanceChanged, Anomalies.ReExecuted, Anomalies.None],
            story.Book.Values.Select(verdict => verdict.Anomalies));
    }

    [Theory]
    [InlineData(MessageKind.Started, true)]
    [InlineData(MessageKind.Cached, true)]
    [InlineData(MessageKind.Completed, true)]
    [InlineData(MessageKind.Requested, false)]
    [InlineData(MessageKind.Cancelled, false)]
    public void another_input_than_the_one_that_awaited_is_input_changed_after_approval(MessageKind kind, bool expected)
    {
        var story = CallStory.Of(RequiresConfirmation(1), Of(kind, 2) with { Input = Print("other") });

        Assert.Equal(
            expected ? Anomalies.InputChangedAfterApproval : Anomalies.None,
            story.Book[2].Anomalies & ~Anomalies.NoApprovalSeen);
    }

    [Fact]
    public void the_input_that_got_approval_is_the_one_that_may_run()
    {
        var story = CallStory.Of(
            Approved(2) with { Input = Print("edited") }, Started(3) with { Input = Print("edited") }, Completed(4));

        Assert.Equal([Anomalies.None, Anomalies.None, Anomalies.InputChangedAfterApproval],
            story.Book.Values.Select(verdict => verdict.Anomalies));
    }

    [Fact]
    public void an_approval_without_input_leaves_the_one_that_awaited()
    {
        var story = CallStory.Of(
            RequiresConfirmation(1), Approved(2) with { Input = default }, Completed(3) with { Input = Print("other") });

        Assert.Equal(Anomalies.InputChangedAfterApproval | Anomalies.ApprovedByHostOnly, story.Book[3].Anomalies);
    }

    [Fact]
    public void a_confirmed_input_does_not_bind_the_next_attempt()
    {
        var story = CallStory.Of(RequiresConfirmation(1), PersistenceFailed(2), Completed(3) with { Input = Print("other") });

        Assert.Equal(Anomalies.None, story.Book[3].Anomalies);
    }

    [Fact]
    public void a_success_of_the_confirm_tier_without_approval_is_no_approval_seen()
    {
        var approved = CallStory.Of(Approved(1), Completed(2) with { NeedsConfirmation = true });
        var unasked = CallStory.Of(Requested(1), Completed(2) with { NeedsConfirmation = true });
        var failed = CallStory.Of(Requested(1), Failed(2) with { NeedsConfirmation = true });

        Assert.Equal(Anomalies.None, approved.Book[2].Anomalies);
        Assert.Equal(Anomalies.NoApprovalSeen, unasked.Book[2].Anomalies);
        Assert.Equal(Anomalies.None, failed.Book[2].Anomalies);
    }

    [Fact]
    public void an_approval_of_one_attempt_is_none_for_the_next()
    {
        var story = CallStory.Of(Approved(1), PersistenceFailed(2), Completed(3) with { NeedsConfirmation = true });

        Assert.Equal(Anomalies.NoApprovalSeen, story.Book[3].Anomalies);
    }

    [Fact]
    public void a_success_after_a_cancellation_is_completed_after_cancel()
    {
        Assert.Equal(Anomalies.CompletedAfterCancel, CallStory.Of(Cancelled(1), Completed(2)).Book[2].Anomalies);
        Assert.Equal(Anomalies.None, CallStory.Of(Cancelled(1), Failed(2)).Book[2].Anomalies);
    }

    [Fact]
    public void a_cancellation_of_a_completed_call_is_cancelled_too_late()
    {
        var story = CallStory.Of(Completed(1), Cancelled(2));

        Assert.Equal(Anomalies.CancelledTooLate, story.Book[2].Anomalies);
        Assert.Equal(CallState.Completed, story.State);
    }

    [Fact]
    public void a_question_while_it_runs_is_a_late_confirmation()
    {
        var story = CallStory.Of(Started(1), RequiresConfirmation(2));

        Assert.Equal(Anomalies.LateConfirmation, story.Book[2].Anomalies);
        Assert.Equal(CallState.AwaitingConfirmation, story.State);
    }

    [Fact]
    public void another_task_than_the_first_is_task_changed_and_the_first_stays()
    {
        var story = CallStory.Of(
            Requested(1) with { TaskId = null }, Started(2), Started(3) with { TaskId = "t-2" }, Completed(4));

        Assert.Equal([Anomalies.None, Anomalies.None, Anomalies.ReExecuted | Anomalies.TaskChanged, Anomalies.None],
            story.Book.Values.Select(verdict => verdict.Anomalies));
        Assert.Equal("t-1", story.History.Standing.TaskId);
    }

    [Fact]
    public void another_parent_than_the_first_is_parent_changed_and_the_first_stays()
    {
        var story = CallStory.Of(
            Requested(1), Started(2) with { Parent = "call-0" }, Started(3) with { Parent = "call-9" }, Completed(4));

        Assert.Equal([Anomalies.None, Anomalies.None, Anomalies.ReExecuted | Anomalies.ParentChanged, Anomalies.None],
            story.Book.Values.Select(verdict => verdict.Anomalies));
        Assert.Equal("call-0", story.History.Standing.Parent);
    }

    [Fact]
    public void a_cut_record_is_truncated_whatever_becomes_of_it()
    {
        var story = CallStory.Of(
            Blocked(1) with { Truncated = true }, Completed(2) with { Truncated = true },
            Requested(3) with { Truncated = true, MessageId = "m" }, Started(4) with { Truncated = true, MessageId = "m" });

        Assert.All(story.Book.Values, verdict => Assert.Equal(Anomalies.Truncated, verdict.Anomalies));
        Assert.Equal(ViolationCause.MessageIdReused, story.Book[4].Cause);
    }
}
