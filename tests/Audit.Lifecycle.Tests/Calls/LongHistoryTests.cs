using Audit.Lifecycle.Tests.Support;
using static Audit.Lifecycle.Tests.Support.Say;

namespace Audit.Lifecycle.Tests.Calls;

/// <summary>A call of very many messages costs as many steps of the law as it has messages, whenever they come.</summary>
public sealed class LongHistoryTests
{
    private const int Many = 100_000;

    [Fact]
    public void messages_in_order_take_a_step_each()
    {
        var steps = StepsOf(Enumerable.Range(0, Many).Select(index => Moving(index, at: index)));

        Assert.InRange(steps, 1, 2L * Many);
    }

    [Fact]
    public void late_messages_take_few_steps_each_and_nothing_new_is_lost()
    {
        var story = new CallStory();
        var steps = StepsOf(Enumerable.Range(0, Many).Select(index => Moving(index, at: Many - index)), story);

        Assert.InRange(steps, 1, 300L * Many);
        Assert.InRange(story.History.Messages, CallLimits.Written, CallLimits.Written + 10);
        var success = story.Receive(Completed(0) with { Result = Print("EXFILTRATED") });
        Assert.NotEmpty(success.Events);
        Assert.False(success.IsHead);
    }

    [Fact]
    public void late_messages_that_come_anywhere_take_few_steps_each()
    {
        var (random, story) = (new Random(7), new CallStory());

        var steps = StepsOf(Enumerable.Range(0, Many).Select(index => Moving(index, at: random.Next(Many))), story);

        Assert.InRange(steps, 1, 300L * Many);
        Assert.NotEmpty(story.Receive(Completed(0) with { Result = Print("EXFILTRATED") }).Events);
    }

    [Fact]
    public void late_messages_that_shift_every_later_attempt_take_few_steps_each()
    {
        var story = new CallStory();
        var steps = StepsOf(
            Enumerable.Range(0, Many).Select(index => Of(
                index % 2 == 0 ? MessageKind.Invalidated : MessageKind.Requested, (Many - index) / 1000.0) with
                {
                    MessageId = $"{index}", Dedup = new Fingerprint(1, (ulong)index + 1),
                }),
            story);

        Assert.InRange(steps, 1, 300L * Many);
        var judged = Judge.Of(story.History.JudgedByArrival());
        Assert.True(judged.Standing.Attempt > 1000, $"{judged.Standing.Attempt} attempts");
        Assert.Equal((judged.Standing, judged.InOrder), (story.History.Standing, story.History.InOrder));
        Assert.NotEmpty(story.Receive(Completed(0) with { Result = Print("EXFILTRATED") }).Events);
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(3, true)]
    [InlineData(4, true)]
    public void a_long_history_is_judged_as_the_judge_judges_it(int seed, bool isNumbered)
    {
        var random = new Random(seed);
        var kinds = Enum.GetValues<MessageKind>();
        var story = new CallStory();
        for (var index = 0; index < 400; index++)
        {
            var message = Of(kinds[random.Next(kinds.Length)], random.Next(500), success: random.Next(3) > 0);
            story.Receive(message with
            {
                Turn = random.Next(1, 4),
                MessageId = $"{index}",
                Question = message.Question.IsEmpty ? default : Print($"{random.Next(4)}"),
                Seq = isNumbered && index < 300 ? random.Next(1000) : null,
                MadeByNode = message.Kind == MessageKind.Approved && random.Next(3) == 0,
            });
        }

        var entries = story.History.JudgedByArrival();
        var judged = Judge.Of(entries);
        Assert.True(entries.Length > 200);
        Assert.Equal((judged.Standing, judged.InOrder), (story.History.Standing, story.History.InOrder));
        Assert.All(entries.Zip(judged.Verdicts), one => Assert.True(
            one.Second.RulesAs(story.Book[one.First.Sequence]),
            $"{one.First.Sequence}: {one.Second} and not {story.Book[one.First.Sequence]}"));
        Histories.Same(story.History, story.Events.Aggregate(CallHistory.Empty, CallEvolution.Evolve));
    }

    [Fact]
    public void a_legal_history_that_a_clock_set_back_denies_is_judged_by_arrival()
    {
        var story = new CallStory();
        MessageKind[] kinds =
            [MessageKind.Requested, MessageKind.Started, MessageKind.Completed, MessageKind.PersistenceFailed];
        for (var index = 0; index < 240; index++)
        {
            story.Receive(Of(kinds[index % 4], 1000 - index) with { MessageId = $"{index}" });
        }

        var judged = Judge.Of(story.History.JudgedByArrival());
        Assert.Equal((judged.Standing, judged.InOrder), (story.History.Standing, story.History.InOrder));
        Assert.Equal(judged.Verdicts.Select(verdict => verdict.Anomalies), story.Book.Values.Select(verdict => verdict.Anomalies));
    }

    private static CallMessage Moving(int index, double at) =>
        (index % 2 == 0 ? RequiresConfirmation(at / 1000) : Approved(at / 1000)) with
        {
            MessageId = $"{index}",
            Question = Print($"question {index}"),
            Dedup = new Fingerprint(1, (ulong)index + 1),
        };

    private static long StepsOf(IEnumerable<CallMessage> messages, CallStory? story = null)
    {
        story ??= new CallStory();
        var before = CallLaw.StepsOfThread;
        foreach (var message in messages)
        {
            story.Receive(message);
        }

        return CallLaw.StepsOfThread - before;
    }
}
