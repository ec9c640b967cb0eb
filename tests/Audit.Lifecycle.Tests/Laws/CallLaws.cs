using Audit.Lifecycle.Tests.Support;

namespace Audit.Lifecycle.Tests.Laws;

public sealed class CallLaws
{
    [Fact]
    public void the_state_is_the_fold_of_the_events() => Law.Holds(MessageLists.Any, list =>
    {
        var story = list.Send();

        Histories.Same(story.History, story.Events.Aggregate(CallHistory.Empty, CallEvolution.Evolve));
    });

    [Fact]
    public void one_step_at_a_time_comes_to_what_judging_the_whole_history_comes_to() => Law.Holds(MessageLists.Any, list =>
    {
        var story = new CallStory();
        foreach (var message in list.Messages)
        {
            story.Receive(message);
            var entries = story.History.JudgedByArrival();
            var judgement = Judge.Of(entries);

            Assert.Equal(judgement.Standing, story.History.Standing);
            Assert.Equal(judgement.InOrder, story.History.InOrder);
            for (var index = 0; index < entries.Length; index++)
            {
                var written = story.Book[entries[index].Sequence];
                Assert.True(written.RulesAs(judgement.Verdicts[index]), $"{written} but judged {judgement.Verdicts[index]}");
            }
        }
    });

    [Fact]
    public void a_message_that_is_sent_again_changes_nothing_and_has_the_sequence_of_the_first_one() => Law.Holds(MessageLists.Any, list =>
    {
        var story = new CallStory();
        var first = list.Messages.Select(message => story.Receive(message).Sequence).ToArray();
        var before = story.History;
        for (var index = 0; index < first.Length; index++)
        {
            var again = story.Receive(list.Messages[index] with { ReceivedAt = Say.At(9000) });

            Assert.Equal(MessageOutcome.Duplicate, again.Outcome);
            Assert.Empty(again.Events);
            Assert.Equal(first[index], again.Sequence);
            Assert.Same(before, again.After);
        }
    });

    [Fact]
    public void a_legal_list_ends_in_the_same_state_in_whatever_order_it_arrives() => Law.Holds(MessageLists.LegalInAnyOrder, lists =>
    {
        var inOrder = lists.InOrder.Send();
        var shuffled = lists.Shuffled.Send();

        Assert.All(inOrder.Events, happened => Assert.False(((CallEvent.Received)happened).Verdict.IsViolation));
        Assert.Equal(inOrder.History.Standing with { Asked = 0 }, shuffled.History.Standing with { Asked = 0 });
        Assert.DoesNotContain(shuffled.Book.Values, verdict => verdict.IsViolation);
    });

    [Fact]
    public void messages_of_one_time_stand_in_the_order_of_their_numbers() => Law.Holds(MessageLists.LegalByNumbersAtOneTime, lists =>
    {
        var inOrder = lists.InOrder.Send();
        var shuffled = lists.Shuffled.Send();

        Assert.Equal(inOrder.History.Standing with { Asked = 0 }, shuffled.History.Standing with { Asked = 0 });
        Assert.DoesNotContain(shuffled.Book.Values, verdict => verdict.IsViolation);
    });

    [Fact]
    public void every_order_of_a_tale_ends_the_same_or_every_order_of_it_is_flagged()
    {
        var legal = 0;
        Law.Holds(
            MessageLists.OfOneSetInTwoOrders,
            lists =>
            {
                var (one, other) = (lists.One.Send(), lists.Other.Send());
                Assert.Equal(IsFlagged(one), IsFlagged(other));
                if (!IsFlagged(one))
                {
                    legal++;
                    Assert.Equal(one.History.Standing with { Asked = 0 }, other.History.Standing with { Asked = 0 });
                }
            },
            runs: 1000);
        Assert.InRange(legal, 20, 980);

        static bool IsFlagged(CallStory story) => story.Book.Values.Any(
            verdict => verdict.IsViolation || (verdict.Anomalies & Anomalies.ClockWentBack) != 0);
    }

    [Fact]
    public void a_legal_list_has_the_same_verdicts_in_whatever_order_it_arrives() => Law.Holds(MessageLists.LegalInAnyOrder, lists =>
    {
        static IEnumerable<(Timestamp, CallState, int, Anomalies)> Verdicts(CallStory story) =>
            from entry in story.History.JudgedByArrival()
            let verdict = story.Book[entry.Sequence]
            orderby entry.Message.RecordedAt
            select (entry.Message.RecordedAt, verdict.To, verdict.Attempt, verdict.Anomalies);

        Assert.Equal(Verdicts(lists.InOrder.Send()), Verdicts(lists.Shuffled.Send()));
    });

    [Fact]
    public void no_list_of_one_turn_turns_a_standing_refusal_into_an_accepted_success() =>
        Law.Holds(MessageLists.OfOneTurn, list => AssertNoLaundering(list.Send()), runs: 600);

    [Fact]
    public void without_approval_or_question_a_refused_call_never_runs() =>
        Law.Holds(MessageLists.OfOneTurnUnapproved, list => AssertNoLaundering(list.Send()), runs: 600);

    private static void AssertNoLaundering(CallStory story)
    {
        var entries = story.History.JudgedByArrival();
        var judgement = Judge.Of(entries);
        var refused = false;
        foreach (var index in judgement.Order)
        {
            var verdict = judgement.Verdicts[index];
            Assert.True((verdict.Anomalies & Anomalies.IdReused) == 0, "one turn holds one call");
            if (verdict.IsViolation)
            {
                continue;
            }

            var message = entries[index].Message;
            Assert.False(refused && ClaimsSuccess(message), $"{message.Kind} was accepted while a refusal stood");
            refused = message.Kind switch
            {
                MessageKind.Blocked => true,
                MessageKind.Approved or MessageKind.RequiresConfirmation => false,
                _ => refused,
            };
        }
    }

    private static bool ClaimsSuccess(CallMessage message) => message.Kind switch
    {
        MessageKind.Started or MessageKind.Cached or MessageKind.Replayed => true,
        MessageKind.Completed => message.Success,
        _ => false,
    };
}
