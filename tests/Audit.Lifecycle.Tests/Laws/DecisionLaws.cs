using Audit.Lifecycle.Tests.Support;

namespace Audit.Lifecycle.Tests.Laws;

/// <summary>
/// What no order and no dating of a host's messages can change, shown by the order of arrival alone, which is the
/// node's own and which no host can choose.
/// </summary>
public sealed class DecisionLaws
{
    [Fact]
    public void what_arrives_after_a_refusal_by_the_node_runs_only_by_a_later_approval_of_the_node() =>
        Law.Holds(MessageLists.OfDecisions, list =>
        {
            var (entries, judgement) = Judged(list);
            for (var index = 0; index < entries.Length; index++)
            {
                var message = entries[index].Message;
                var isHostsYes = message.ClaimsToHaveRun
                    || (message.Kind == MessageKind.Approved && !message.MadeByNode);
                if (!isHostsYes || judgement.Verdicts[index].IsViolation)
                {
                    continue;
                }

                var refusal = Array.FindLastIndex(entries, index, one => IsDecision(one, MessageKind.Blocked));
                var approval = Array.FindLastIndex(entries, entries.Length - 1, one => IsDecision(one, MessageKind.Approved));
                Assert.True(refusal < 0 || approval > refusal, $"{message.Kind} was accepted after a refusal");
            }
        }, runs: 1500);

    [Fact]
    public void an_approval_stands_for_the_last_question_that_was_received_and_for_no_other() =>
        Law.Holds(MessageLists.OfDecisions, list =>
        {
            var (entries, judgement) = Judged(list);
            if (judgement.Standing.Approval != Approval.ByNode)
            {
                return;
            }

            var approval = Enumerable.Range(0, entries.Length).Last(
                index => IsDecision(entries[index], MessageKind.Approved) && !judgement.Verdicts[index].IsViolation);
            var answered = entries[approval].Message.Answers!.Value.Question;
            Assert.Equal(judgement.Standing.Question, answered);
            for (var index = approval + 1; index < entries.Length; index++)
            {
                Assert.False(
                    entries[index].Message.Kind == MessageKind.RequiresConfirmation
                    && entries[index].Message.Question != answered && !judgement.Verdicts[index].IsViolation,
                    "a question that was received after the approval is not covered by it");
            }
        }, runs: 1500);

    [Fact]
    public void a_decision_stands_directly_after_its_question_in_whatever_order() => Law.Holds(MessageLists.OfDecisions, list =>
    {
        var (entries, judgement) = Judged(list);
        for (var place = 0; place < entries.Length; place++)
        {
            var entry = entries[judgement.Order[place]];
            if (entry.Message.Answers is { } answers)
            {
                var before = entries[judgement.Order[place - 1]];
                Assert.True(
                    before.Sequence == answers.Sequence || (before.Anchor is { } anchor && anchor == entry.Anchor),
                    $"the decision at {entry.Sequence} follows the message at {before.Sequence}");
            }
        }
    });

    [Fact]
    public void a_decision_that_counts_is_on_a_question_that_stood_and_not_on_ones_own() => Law.Holds(MessageLists.OfDecisions, list =>
    {
        var story = new CallStory();
        foreach (var message in list.Messages)
        {
            var standing = story.History.Standing;
            var decision = story.Receive(message);
            if (decision.Events is [CallEvent.Received { Message.Answers: { } answers, Weight: EntryWeight.Judged } received, ..])
            {
                Assert.True(standing.State is CallState.AwaitingConfirmation or CallState.Approved);
                Assert.Equal((standing.Asked, standing.Question), (answers.Sequence, answers.Question));
                var question = story.History.Find(answers.Sequence)!;
                Assert.True(received.Message.Kind == MessageKind.Blocked || question.Message.Token != received.Message.Token);
            }
        }
    });

    private static bool IsDecision(Entry entry, MessageKind kind) =>
        entry.Message.Answers is not null && entry.Message.Kind == kind;

    private static (Entry[] Entries, Judgement Judgement) Judged(MessageList list)
    {
        var entries = list.Send().History.JudgedByArrival();
        return (entries, entries.Length == 0 ? new Judgement([], [], default, 0, true) : Judge.Of(entries));
    }
}
