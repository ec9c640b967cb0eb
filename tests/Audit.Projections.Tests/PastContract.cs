namespace Audit.Projections.Tests;

/// <summary>What was so, as of a position or a time.</summary>
public abstract class PastContract : ReadSideContract
{
    private static Say Do(string call, double minute, Outcome outcome) => new("s", call, outcome, minute) { Task = "migrate-orders", Agent = "copilot" };

    [ContractFact]
    public async Task a_call_is_told_as_it_was_at_each_position()
    {
        var side = await OpenAsync();
        await RecordAsync(Do("c", 1, Say.Asked), Do("c", 3, Say.Done()), Do("c", 2, new Outcome.Approved("approve-once")));
        await CaughtUpAsync(side);

        async Task<string[]> At(long position) =>
            [.. ((await side.TimeTravel.CallAsync(Say.Named("s"), "c", AsOf.At(position), None))?.Item.Transitions ?? []).Select(one => Words.Of(one.Message))];
        Assert.Empty(await At(0));
        Assert.Equal(["requires_confirmation"], await At(1));
        Assert.Equal(["requires_confirmation", "completed"], await At(2));
        Assert.Equal(["requires_confirmation", "approved", "completed"], await At(99));
    }

    [ContractFact]
    public async Task a_time_means_what_the_book_knew_then()
    {
        var side = await OpenAsync();
        await RecordAsync(
            Do("one", 1, Say.Asked),
            Do("two", 2, Say.Asked),
            Do("three", 1.5, Say.Asked) with { ReceivedMinute = 5 },
            Do("four", 3, Say.Asked));
        await CaughtUpAsync(side);

        // The fourth was received before the third and written after it: the book knew it no sooner.
        Assert.Equal(0, await side.TimeTravel.PositionAsync(AsOf.At(Say.At(0.5)), None));
        Assert.Equal(1, await side.TimeTravel.PositionAsync(AsOf.At(Say.At(1)), None));
        Assert.Equal(1, await side.TimeTravel.PositionAsync(AsOf.At(Say.At(1.999)), None));
        Assert.Equal(2, await side.TimeTravel.PositionAsync(AsOf.At(Say.At(4.99)), None));
        Assert.Equal(4, await side.TimeTravel.PositionAsync(AsOf.At(Say.At(5)), None));
        var past = (await side.TimeTravel.SessionAsync(Say.Named("s"), AsOf.At(Say.At(4)), None))!;
        Assert.Equal((2, 2), (past.Position, past.Item.Session.Calls));
    }

    [ContractFact]
    public async Task times_within_one_second_are_told_apart()
    {
        var side = await OpenAsync();
        await RecordAsync([.. Enumerable.Range(0, 9).Select(call => (Submission)Do($"c{call}", 1 + (call * 0.1 / 60), Say.Asked))]);
        await CaughtUpAsync(side);

        Assert.Equal(4, await side.TimeTravel.PositionAsync(AsOf.At(Say.At(1 + (0.35 / 60))), None));
    }

    [ContractFact]
    public async Task a_window_that_was_granted_later_judges_nothing_before_that()
    {
        var side = await OpenAsync();
        await RecordAsync(
            Do("c", 1, Say.Done()),
            Say.Window("w", WindowVerb.Grant, "alice", 10, opens: 0, closes: 60),
            Do("d", 12, Say.Done()),
            Say.Window("w", WindowVerb.Revoke, "alice", 15));
        await CaughtUpAsync(side);

        async Task<PastTask> Task(long position) => (await side.TimeTravel.TaskAsync("migrate-orders", AsOf.At(position), None))!.Item;
        Assert.Equal(new JudgementCounts { OutsideWindow = 1 }, (await Task(1)).Judged);
        Assert.Equal(new JudgementCounts { InWindow = 1, GrantedAfter = 1 }, (await Task(3)).Judged);
        Assert.Equal(new JudgementCounts { InWindow = 2, GrantedAfter = 1 }, (await Task(9)).Judged);
        Assert.Null(await side.TimeTravel.WindowAsync("w", AsOf.At(1), None));
        Assert.Equal(["c", "d"], (await side.TimeTravel.WindowAsync("w", AsOf.At(9), None))!.Item.Done.Select(done => done.Call.CallId));
        Assert.Null((await side.TimeTravel.WindowAsync("w", AsOf.At(4), None))!.Item.Window.EndedAt);
    }

    [ContractFact]
    public async Task a_call_that_a_late_message_took_from_a_task_is_still_found_in_the_past_of_that_task()
    {
        var side = await OpenAsync();
        await RecordAsync(Do("c", 5, Say.Done()), Do("c", 1, Say.Asked) with { Task = "other" });
        var models = await CaughtUpAsync(side);

        Assert.Equal("other", (await models.CallAsync(Say.Named("s"), "c", None))!.Call.Task);
        Assert.Equal("c", Assert.Single((await side.TimeTravel.TaskAsync("migrate-orders", AsOf.At(1), None))!.Item.Calls).CallId);
        Assert.Null(await side.TimeTravel.TaskAsync("migrate-orders", AsOf.At(2), None));
    }

    [ContractFact]
    public async Task a_call_whose_host_stops_numbering_is_told_in_the_order_of_its_times()
    {
        var side = await OpenAsync();
        await RecordAsync(
            Do("c", 5, Say.Asked) with { Seq = 1 }, Do("c", 3, Say.Asked) with { Seq = 2 }, Do("c", 9, Say.Done()));
        var call = (await (await CaughtUpAsync(side)).CallAsync(Say.Named("s"), "c", None))!.Call;

        Assert.Equal((Say.At(3), CallOrder.Scattered), (call.AskedAt, call.Order));
        Assert.Equal(call, (await side.TimeTravel.CallAsync(Say.Named("s"), "c", AsOf.At(99), None))!.Item.Call);
    }
}
