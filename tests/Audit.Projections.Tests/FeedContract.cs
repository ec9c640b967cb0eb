using System.Diagnostics;
using Audit.Projections.Tests.Search;

namespace Audit.Projections.Tests;

/// <summary>How the read models are fed, and when they refuse to be.</summary>
public abstract class FeedContract : ReadSideContract
{
    [ContractFact]
    public async Task a_restart_goes_on_where_it_was()
    {
        var side = await OpenAsync();
        await RecordAsync(new Say("s", "c", Say.Asked, 1));
        await CaughtUpAsync(side);
        await CloseAsync(side);
        await RecordAsync(new Say("s", "c", Say.Done(), 2), new Say("s", "d", Say.Done(), 3));
        var models = await CaughtUpAsync(await OpenAsync());

        Assert.Equal(2, (await models.SessionAsync(Say.Named("s"), None))!.States[CallState.Completed]);
        Assert.Equal(2, (await models.CallAsync(Say.Named("s"), "c", None))!.Call.Messages);
    }

    [ContractFact]
    public async Task what_other_programs_and_the_node_itself_write_is_passed_over()
    {
        await AppendAsync("operator|2026-11-20", 1, "operator.acted.v2", """{"v":1,"received_at":"2026-11-20T14:00:00Z"}""");
        await AppendAsync("reader|alice|2026-11-20", 1, "reader.read.v1", """{"v":1}""");
        var models = await ReadAsync(new Say("s", "c", Say.Asked, 1));

        Assert.Single((await models.SessionsAsync(All, None)).Items);
    }

    [ContractFact]
    public async Task an_event_that_cannot_be_read_halts_the_projection_before_it_until_it_is_skipped()
    {
        await RecordAsync(new Say("s", "one", Say.Asked, 1));
        var good = await Journal.LastPositionAsync(None);
        await AppendAsync("call|ci|s|two", 1, "call.transitioned.v3", """{"v":3}""");
        var poison = await Journal.LastPositionAsync(None);
        await RecordAsync(new Say("s", "three", Say.Asked, 2));
        var side = await OpenAsync();
        await UntilAsync(() => side.Status.State == ProjectionState.Halted);

        Assert.Equal((good, poison), (side.Status.Position, side.Status.HaltedAt));
        Assert.Contains("call.transitioned.v3", side.Status.Sentence, StringComparison.Ordinal);
        Assert.True(Failures.Counts["read models halt"] > 0);
        Assert.Equal(1, (await side.Models.SessionAsync(Say.Named("s"), None))!.Calls);
        await Assert.ThrowsAsync<ReadModelsException>(() => side.SkipAsync(good, "not this one", None));

        await side.SkipAsync(poison, "it is a test", None);
        await UntilAsync(() => side.Status.State == ProjectionState.Projecting);
        var models = await CaughtUpAsync(side);
        Assert.Equal(2, (await models.SessionAsync(Say.Named("s"), None))!.Calls);
    }

    [ContractFact]
    public async Task what_comes_is_gathered_for_a_moment_but_not_while_somebody_waits_for_it()
    {
        var side = await OpenAsync(limits: new FeedLimits { Gather = TimeSpan.FromMinutes(10) });
        var calls = 1;
        await RecordAsync(new Say("s", "one", Say.Asked, 1));
        // What comes before it has looked once more and rests is read with what came before.
        for (var isGathered = false; !isGathered; calls += 2)
        {
            Assert.True(calls < 60, "It gathers nothing.");
            await CaughtUpAsync(side);
            var before = side.Status.Position;
            await RecordAsync(new Say("s", $"a{calls}", Say.Asked, calls), new Say("s", $"b{calls}", Say.Asked, calls));
            await Task.Delay(300);
            isGathered = side.Status.Position == before;
        }

        Assert.Equal(calls, (await (await CaughtUpAsync(side)).SessionAsync(Say.Named("s"), None))!.Calls);
        await side.Search.WaitForAsync(side.Status.Position, None).WaitAsync(TimeSpan.FromMinutes(1));
    }

    [ContractFact]
    public async Task whoever_waits_goes_on_as_soon_as_everything_is_fed_and_no_longer_than_asked()
    {
        var side = await OpenAsync();
        for (var number = 1; number <= 20; number++)
        {
            await RecordAsync(new Say("s", $"c-{number}", Say.Asked, number));
            await side.CatchUpAsync(TimeSpan.FromMinutes(30), None).WaitAsync(TimeSpan.FromMinutes(3));
            Assert.Equal(number, (await side.Models.SessionAsync(Say.Named("s"), None))!.Calls);
        }

        await AppendAsync("call|ci|s|two", 1, "call.transitioned.v3", """{"v":3}""");
        await side.CatchUpAsync(TimeSpan.FromMinutes(30), None).WaitAsync(TimeSpan.FromMinutes(3));
        Assert.Equal(ProjectionState.Halted, side.Status.State);
        await side.Search.CatchUpAsync(TimeSpan.FromMinutes(30), None).WaitAsync(TimeSpan.FromMinutes(3));
        Assert.Equal(1, side.Search.Status.Unread);
    }

    [ContractFact]
    public async Task whoever_waits_for_a_few_rows_waits_as_long_as_asked_and_for_many_only_a_moment()
    {
        await using var behind = new LaggingJournal(Journal, last: 0);
        var side = await OpenAsync(behind);
        await UntilAsync(() => side.Status.State == ProjectionState.Projecting);
        await RecordAsync(new Say("s", "c", Say.Asked, 1));
        var began = Stopwatch.GetTimestamp();
        await side.CatchUpAsync(TimeSpan.FromSeconds(1), None);
        Assert.InRange(Stopwatch.GetElapsedTime(began), TimeSpan.FromSeconds(0.9), TimeSpan.FromMinutes(1));

        await Engine.SubmitAsync(
            [.. Enumerable.Range(0, 2_000).Select(number => new Say("s", $"c-{number}", Say.Asked, number))], None);
        await side.CatchUpAsync(TimeSpan.FromMinutes(30), None).WaitAsync(TimeSpan.FromMinutes(3));
        Assert.Equal(0, side.Status.Position);
    }

    [ContractFact]
    public async Task what_was_skipped_stays_skipped_in_a_rebuild()
    {
        await AppendAsync("call|ci|s|two", 1, "call.transitioned.v3", """{"v":1,"received_at":"2026-11-20T14:00:00Z","from":"nowhere"}""");
        await RecordAsync(new Say("s", "three", Say.Asked, 2));
        var side = await OpenAsync();
        await UntilAsync(() => side.Status.State == ProjectionState.Halted);
        await Assert.ThrowsAsync<PoisonException>(() => side.RebuildAsync(null, None));
        await side.SkipAsync(side.Status.HaltedAt!.Value, "it is a test", None);
        await UntilAsync(() => side.Status.State == ProjectionState.Projecting);
        await CaughtUpAsync(side);
        await side.RebuildAsync(null, None);

        Assert.Equal(1, (await (await CaughtUpAsync(side)).SessionAsync(Say.Named("s"), None))!.Calls);
    }

    [ContractFact]
    public async Task a_journal_that_went_back_halts_the_projection_and_a_rebuild_sets_it_going_again()
    {
        var side = await OpenAsync();
        await RecordAsync(new Say("s", "one", Say.Asked, 1), new Say("s", "two", Say.Asked, 2));
        await CaughtUpAsync(side);
        await CloseAsync(side);
        await using var restored = new JournalUpTo(Journal, 1);
        side = await OpenAsync(restored);
        await UntilAsync(() => side.Status.State == ProjectionState.Halted);

        Assert.StartsWith("journal went back", side.Status.Sentence, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ReadModelsException>(() => side.SkipAsync(side.Status.HaltedAt!.Value, "no", None));
        await side.RebuildAsync(null, None);
        await UntilAsync(() => side.Status.State == ProjectionState.Projecting);
        Assert.Equal(1, (await side.Models.SessionAsync(Say.Named("s"), None))!.Calls);
    }

    [ContractFact]
    public async Task a_row_that_is_another_one_than_was_read_halts_the_projection_while_it_runs()
    {
        await using var journal = new JournalUpTo(Journal, long.MaxValue);
        var side = await OpenAsync(journal);
        await RecordAsync(new Say("s", "one", Say.Asked, 1));
        await CaughtUpAsync(side);
        journal.Falsify = true;
        await UntilAsync(() => side.Status.State == ProjectionState.Halted);

        Assert.StartsWith("journal went back", side.Status.Sentence, StringComparison.Ordinal);
    }
}
