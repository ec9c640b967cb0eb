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
    public async Task between_two_positions_only_that_is_looked_at_which_may_have_changed()
    {
        var side = await OpenAsync();
        await RecordAsync(
            Say.Window("w", WindowVerb.Request, "ann", 0, 0, 60), Do("still", 1, Say.Done()), Do("moves", 2, Say.Asked),
            new Say("s", "other", Say.Done(), 3) { Task = "another", Agent = "copilot" });
        var then = await Journal.LastPositionAsync(None);
        await RecordAsync(Do("moves", 4, Say.Done()), Do("new", 5, new Outcome.Blocked("no")), Do("new", 6, Say.Done()));
        var later = await Journal.LastPositionAsync(None);
        await RecordAsync(Say.Window("w", WindowVerb.Approve, "maria", 7));
        await CaughtUpAsync(side);

        var found = (await side.TimeTravel.BetweenAsync(Say.Named("s"), then, later, None))!;
        Assert.Equal(["moves", "new"], found.Calls.Select(one => one.After.CallId));
        Assert.Equal((CallState.AwaitingConfirmation, CallState.Completed), (found.Calls[0].Before!.State, found.Calls[0].After.State));
        Assert.Equal([MessageKind.Completed], found.Calls[0].Messages.Select(one => one.Message));
        Assert.Null(found.Calls[1].Before);
        Assert.Equal("completed", Assert.Single(found.Calls[1].Violations).Message);
        Assert.Equal(WindowState.Requested, Assert.Single(found.Windows).After.State);

        // What a window lets be done is judged anew where it was approved, though nothing was written of the calls.
        var judged = (await side.TimeTravel.BetweenAsync("migrate-orders", later, long.MaxValue, None))!;
        Assert.Equal(["still", "moves", "new"], judged.Calls.Select(one => one.After.CallId));
        Assert.Equal((WindowJudgement.OutsideWindow, WindowJudgement.InWindow), (judged.Calls[0].Before!.Judgement, judged.Calls[0].After.Judgement));
        Assert.Empty(judged.Calls[0].Messages);
        Assert.Equal((WindowState.Requested, WindowState.Approved), (judged.Windows[0].Before!.State, judged.Windows[0].After.State));
        Assert.Empty((await side.TimeTravel.BetweenAsync("another", then, later, None))!.Calls);
        Assert.Null(await side.TimeTravel.BetweenAsync("none", 0, later, None));
        Assert.Null(await side.For(new ReadScope(["claude"], [], [])).TimeTravel.BetweenAsync(Say.Named("s"), 0, later, None));
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
    public async Task when_the_book_took_what_it_had_up_to_a_position_is_known_also_where_the_position_has_no_row()
    {
        var side = await OpenAsync();
        await RecordAsync(Do("c", 5, Say.Done()), Do("d", 7, Say.Done()));
        await CaughtUpAsync(side);

        Assert.Null(await side.TimeTravel.TakenAtAsync(0, None));
        var first = (await side.TimeTravel.TakenAtAsync(1, None))!.Value;
        var last = (await side.TimeTravel.TakenAtAsync(2, None))!.Value;
        Assert.True(first.Ticks > 0 && last.Ticks >= first.Ticks);
        Assert.Equal(last, await side.TimeTravel.TakenAtAsync(9, None));
        await AppendAsync("strange", 1, "strange", "{\"a\":1}");
        Assert.Equal(last, await side.TimeTravel.TakenAtAsync(3, None));
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
