using Audit.Lifecycle.Tests.Support;
using static Audit.Lifecycle.Tests.Support.Say;

namespace Audit.Lifecycle.Tests.Calls;

/// <summary>One source may report one message over several channels, and its agent may guess the id of one.</summary>
public sealed class ChannelTests
{
    private const string Hooks = "claude-code hooks";
    private const string Transcript = "claude-code transcript";

    [Fact]
    public void the_same_derived_id_that_says_the_same_is_a_duplicate()
    {
        var story = CallStory.Of(Derived(Started(1)), Derived(Completed(2)));

        foreach (var again in new[] { Derived(Started(1.5), Transcript), Derived(Completed(3)) })
        {
            var decision = story.Receive(again);
            Assert.Equal(MessageOutcome.Duplicate, decision.Outcome);
            Assert.Empty(decision.Events);
        }
    }

    [Fact]
    public void no_host_takes_the_id_of_a_derived_message_before_it_or_after_it()
    {
        var derived = Derived(Completed(2));
        var posed = Failed(1) with { MessageId = derived.DerivedId };

        foreach (var messages in new[] { new[] { posed, derived }, [derived, posed] })
        {
            var story = CallStory.Of(messages);
            Assert.Equal(2, story.History.Messages);
            Assert.DoesNotContain(story.Book.Values, verdict => verdict.Cause == ViolationCause.MessageIdReused);
            Assert.Contains(story.History.JudgedByArrival(), entry => entry.Message is { Derived: true, Success: true });
            Assert.Equal(MessageOutcome.Duplicate, story.Receive(derived).Outcome);
        }
    }

    [Fact]
    public void a_benign_result_under_the_id_of_a_hook_does_not_swallow_the_hook()
    {
        var benign = Derived(Completed(1)) with { Said = Text("nothing happened") };
        var genuine = Derived(Completed(2)) with { Said = Text("EXFILTRATED"), Result = Print("EXFILTRATED") };
        var story = CallStory.Of(benign);

        var decision = story.Receive(genuine);

        Assert.Equal((MessageOutcome.Recorded, ViolationCause.None), (decision.Outcome, decision.Verdict.Cause));
        Assert.Equal(Anomalies.ChannelsDiffer, decision.Verdict.Anomalies);
        var received = Assert.IsType<CallEvent.Received>(Assert.Single(decision.Events));
        Assert.Equal(new Beside(1, SaidFields.Output), received.Message.Beside);
        Assert.Equal(CallState.Completed, story.State);
        Assert.Equal(MessageOutcome.Duplicate, story.Receive(genuine).Outcome);
        Assert.Equal(MessageOutcome.Duplicate, story.Receive(benign with { RecordedAt = At(9), Dedup = default }).Outcome);
    }

    [Fact]
    public void what_differs_is_listed()
    {
        var said = Text("done") with { Outcome = Print("once") };
        foreach (var (other, differing) in new (CallMessage, SaidFields)[]
        {
            (Derived(Failed(1)) with { Said = said }, SaidFields.Outcome),
            (Derived(Completed(1)) with { Said = said with { Outcome = Print("always") } }, SaidFields.Outcome),
            (Derived(Completed(1)) with { Said = said, Input = Print("other") }, SaidFields.Input),
            (Derived(Completed(1)) with { Said = said, ToolName = "browser", Input = Print("other") }, SaidFields.Tool | SaidFields.Input),
            (Derived(Completed(1)) with { Said = Text("other") }, SaidFields.Output),
        })
        {
            var story = CallStory.Of(Derived(Completed(0)) with { Said = said });
            story.Receive(other);
            Assert.Equal(new Beside(1, differing), story.History.Latest!.Message.Beside);
        }
    }

    [Fact]
    public void a_completion_of_a_second_channel_that_agrees_confirms_and_counts_for_nothing()
    {
        foreach (var other in new[]
        {
            Derived(Completed(3), Transcript) with { Said = Text("done") },
            Derived(Completed(3), "otlp") with { Said = Text("done"), DerivedId = "otlp:call-1:completed" },
            Derived(Completed(3)) with { Said = Text("done"), Token = "exporter" },
        })
        {
            var story = CallStory.Of(Derived(Started(1)), Derived(Completed(2)) with { Said = Text("done") });
            var standing = story.History.Standing;

            var decision = story.Receive(other);

            Assert.Equal((MessageOutcome.Recorded, Anomalies.None), (decision.Outcome, decision.Verdict.Anomalies));
            var received = Assert.IsType<CallEvent.Received>(Assert.Single(decision.Events));
            Assert.Equal((EntryWeight.Confirming, 2L), (received.Weight, received.Message.Beside!.Value.Sequence));
            Assert.Equal(standing, story.History.Standing);
            Assert.Equal(2, story.History.Judged);
            Assert.Equal(MessageOutcome.Duplicate, story.Receive(other with { RecordedAt = At(4), Dedup = default }).Outcome);
        }
    }

    [Fact]
    public void of_what_hosts_send_as_records_the_law_says_what_a_second_completion_is()
    {
        Assert.Equal(
            ViolationCause.NotAllowed, CallStory.Of(Completed(1)).Receive(Completed(2) with { Token = "exporter" }).Verdict.Cause);
        var derived = CallStory.Of(Completed(1)).Receive(Derived(Completed(2)));
        Assert.Equal(EntryWeight.Confirming, Assert.IsType<CallEvent.Received>(Assert.Single(derived.Events)).Weight);
        var other = CallStory.Of(Completed(1)).Receive(Derived(Completed(2)) with { Result = Print("other") });
        Assert.Equal(ViolationCause.NotAllowed, other.Verdict.Cause);
    }

    [Fact]
    public void a_report_that_says_more_is_kept_and_one_that_says_less_is_a_duplicate()
    {
        var less = Derived(Requested(1)) with { ToolName = null, Input = default };
        var more = Derived(Requested(2));

        Assert.Equal(MessageOutcome.Duplicate, CallStory.Of(more).Receive(less).Outcome);
        var story = CallStory.Of(less);
        Assert.Equal(EntryWeight.Confirming, Assert.IsType<CallEvent.Received>(Assert.Single(story.Receive(more).Events)).Weight);
    }

    [Fact]
    public void a_text_that_was_cut_agrees_with_the_whole_and_the_whole_is_kept()
    {
        var head = Print("the first KiB");
        var cut = Derived(Completed(1)) with { Said = Text("cut") with { Head = head } };
        var whole = Derived(Completed(2), Transcript) with { Said = Text("whole") with { Head = head, Longer = Print("longer") } };
        var story = CallStory.Of(cut);

        var decision = story.Receive(whole);

        Assert.Equal(EntryWeight.Confirming, Assert.IsType<CallEvent.Received>(Assert.Single(decision.Events)).Weight);
        Assert.Equal(Anomalies.None, decision.Verdict.Anomalies);
    }

    [Fact]
    public void a_second_report_that_differs_stands_beside_the_first_whatever_time_it_gives()
    {
        var story = CallStory.Of(Derived(Started(1)), Derived(Completed(5)) with { Said = Text("done") });

        story.Receive(Derived(Completed(3), Transcript) with { Said = Text("other") });

        Assert.Equal(
            [Anomalies.None, Anomalies.None, Anomalies.ChannelsDiffer], story.Book.Values.Select(verdict => verdict.Anomalies));
        Assert.DoesNotContain(story.Book.Values, verdict => verdict.IsViolation);
    }

    [Fact]
    public void what_a_person_refused_did_not_run_before_whatever_was_reported_before()
    {
        var story = CallStory.Of(
            Derived(Failed(1)), PersistenceFailed(2), RequiresConfirmation(3),
            Blocked(4) with { MadeByNode = true, Token = "maria" });

        var decision = story.Receive(Derived(Completed(5)) with { Said = Text("ran") });

        Assert.Equal(ViolationCause.StandingRefusal, decision.Verdict.Cause);
        Assert.Equal(Anomalies.ChannelsDiffer, decision.Verdict.Anomalies);
    }

    [Fact]
    public void another_question_under_the_same_id_drops_an_approval()
    {
        var story = CallStory.Of(
            Derived(RequiresConfirmation(1)), Approved(2) with { MadeByNode = true, Token = "maria" });

        story.Receive(Derived(RequiresConfirmation(3)) with { Question = Print("rm -rf /") });

        Assert.Equal(CallState.AwaitingConfirmation, story.State);
        Assert.Equal(Anomalies.ChannelsDiffer | Anomalies.QuestionChanged, story.Book[3].Anomalies);
    }

    private static Said Text(string text) => new(default, Print(text), default, default, default);

    private static CallMessage Derived(CallMessage message, string channel = Hooks) =>
        message with { Derived = true, DerivedId = $"claude-code:call-1:{Words.Of(message.Kind)}", Channel = channel };
}
