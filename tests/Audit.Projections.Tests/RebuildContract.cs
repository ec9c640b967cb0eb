namespace Audit.Projections.Tests;

/// <summary>Rebuilding beside the live read models.</summary>
public abstract class RebuildContract : ReadSideContract
{
    private static Submission[] Story(string session) =>
    [
        new Say(session, "late", Say.Done(), 9) { Task = "migrate-orders", Agent = "copilot" },
        new Say(session, "late", Say.Asked, 4),
        Say.Window($"w-{session}", WindowVerb.Grant, "alice", 5, opens: 1, closes: 30),
        new Say(session, "refused", new Outcome.Blocked("no"), 6) { Task = "migrate-orders", Agent = "copilot", Tool = "shell.run" },
        new Say(session, "refused", Say.Done(), 7),
        new Say(session, "refused", new Outcome.PersistenceFailed(null, "disk"), 6.5),
        Say.Note(session, "ended", 40, seq: 4),
        Say.Window($"w-{session}", WindowVerb.Extend, "alice", 20, closes: 50),
    ];

    [ContractFact]
    public async Task a_rebuild_comes_to_the_live_rows_row_by_row()
    {
        var side = await OpenAsync(limits: new FeedLimits { Rows = 3 });
        await RecordAsync([.. Story("one"), .. Story("two")]);
        await CaughtUpAsync(side);
        var live = await Dump.OfAsync(Address);
        var reports = new List<RebuildProgress>();
        await side.RebuildAsync(new Reports(reports), None);

        Assert.Equal(live, await Dump.OfAsync(Address));
        Assert.Equal(await Journal.LastPositionAsync(None), reports[^1].Position);
        Assert.Equal(reports[^1].End, reports[^1].Position);
    }

    [ContractFact]
    public async Task reads_and_the_live_feed_go_on_during_a_rebuild()
    {
        var side = await OpenAsync(limits: new FeedLimits { Rows = 50, Patience = TimeSpan.FromMilliseconds(200) });
        await RecordAsync([.. Enumerable.Range(0, 100).Select(call => (Submission)new Say("s", $"c{call}", Say.Asked, call))]);
        await CaughtUpAsync(side);
        using var stop = new CancellationTokenSource();
        var reads = 0;
        var reading = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                Assert.True((await side.Models.SessionAsync(Say.Named("s"), None))!.Calls >= 100);
                Assert.True((await side.Models.CallsAsync(Say.Named("s"), new PageRequest(10), None))!.Items.Count == 10);
                reads++;
            }
        });
        for (var round = 0; round < 3; round++)
        {
            await side.RebuildAsync(null, None);
            await RecordAsync(new Say("s", $"more{round}", Say.Asked, 200));
        }

        await CaughtUpAsync(side);
        await UntilAsync(() => reads > 0);
        await stop.CancelAsync();
        await reading;
        Assert.Equal(103, (await side.Models.SessionAsync(Say.Named("s"), None))!.Calls);
    }

    [ContractFact]
    public async Task what_is_forgotten_without_haste_is_made_anew_also_while_a_writer_never_pauses()
    {
        await using var growing = new GrowingJournal(Journal);
        var side = await OpenAsync(growing, new FeedLimits { Rows = 10 });
        await RecordAsync([.. Enumerable.Range(0, 30).Select(call => (Submission)new Say("s", $"c{call}", Say.Asked, call))]);
        await CaughtUpAsync(side);
        var more = 0;
        growing.Grow = () => RecordAsync(new Say("s", $"more{Interlocked.Increment(ref more)}", Say.Asked, 40));
        await side.ForgetAsync(None).WaitAsync(TimeSpan.FromMinutes(2));
        growing.Grow = null;

        Assert.True(more > 3);
        await UntilAsync(() => side.Models.SessionAsync(Say.Named("s"), None).GetAwaiter().GetResult()!.Calls == 30 + Volatile.Read(ref more));
    }

    [ContractFact]
    public async Task who_has_haste_takes_the_place_of_a_rebuild_that_has_none()
    {
        await using var held = new HeldJournal(Journal);
        var side = await OpenAsync(held);
        await RecordAsync(Story("one"));
        await CaughtUpAsync(side);
        await side.Search.WaitForAsync(await Journal.LastPositionAsync(None), None).WaitAsync(TimeSpan.FromMinutes(1));
        var before = await Dump.OfAsync(Address);
        foreach (var (without, with) in ((Func<Task>, Func<Task>)[])
            [
                (() => side.ForgetAsync(None), () => side.RebuildAsync(null, None)),
                (() => side.Search.RebuildAsync(null, None, isUnhurried: true), () => side.Search.RebuildAsync(null, None)),
            ])
        {
            held.Hold();
            var unhurried = without();
            await held.Met.WaitAsync(TimeSpan.FromMinutes(1));
            await Assert.ThrowsAsync<ReadModelsException>(without);
            var hurried = with();
            Assert.Contains("by somebody who waits for it", (await Assert.ThrowsAsync<ReadModelsException>(() => unhurried)).Message);
            await Assert.ThrowsAsync<ReadModelsException>(with);
            held.LetGo();
            await hurried.WaitAsync(TimeSpan.FromMinutes(1));
        }

        await CaughtUpAsync(side);
        Assert.Equal(before, await Dump.OfAsync(Address));
    }

    [ContractFact]
    public async Task what_is_halted_is_forgotten_with_haste()
    {
        await RecordAsync(Story("one"));
        var side = await OpenAsync();
        await CaughtUpAsync(side);
        await side.Search.WaitForAsync(await Journal.LastPositionAsync(None), None).WaitAsync(TimeSpan.FromMinutes(1));
        await CloseAsync(side);
        await using var restored = new JournalUpTo(Journal, 1);
        await using var held = new HeldJournal(restored);
        side = await OpenAsync(held);
        await UntilAsync(() => side.Status.State == ProjectionState.Halted && side.Search.Status.State == ProjectionState.Halted);
        held.Hold();
        var forgetting = side.ForgetAsync(None);
        await held.Met.WaitAsync(TimeSpan.FromMinutes(1));
        await Assert.ThrowsAsync<ReadModelsException>(() => side.Search.RebuildAsync(null, None));
        held.LetGo();
        await forgetting.WaitAsync(TimeSpan.FromMinutes(1));
        await UntilAsync(() => side.Status.State == ProjectionState.Projecting && side.Search.Status.State == ProjectionState.Projecting);
    }

    [ContractFact]
    public async Task a_rebuild_that_fails_leaves_nothing_that_takes_room()
    {
        await RecordAsync(Story("one"));
        await AppendAsync("call|ci|s|two", 1, "call.transitioned.v3", """{"v":1,"received_at":"2026-11-20T14:00:00Z","from":"nowhere"}""");
        var side = await OpenAsync(limits: new FeedLimits { Rows = 1 });
        await UntilAsync(() => side.Status.State == ProjectionState.Halted);
        await Assert.ThrowsAsync<PoisonException>(() => side.RebuildAsync(null, None));

        var store = StoreAddress.Parse(Address);
        if (store.IsSqlite)
        {
            Assert.Empty(Directory.EnumerateFiles(Path.GetDirectoryName(store.Place)!, "*.next*"));
            return;
        }

        await using var live = ReadSide.StoreOf(Address);
        Assert.Equal([0L], await live.ReadAsync(
            session => session.QueryAsync(
                "SELECT count(*) FROM pg_namespace WHERE nspname = $1", [ReadStoreKind.Models.NextSchema], row => row.Number(0), None),
            None));
    }

    [ContractFact]
    public async Task what_an_operator_skips_during_a_rebuild_stays_skipped()
    {
        await RecordAsync(Story("one"));
        await using var held = new HeldJournal(Journal);
        var side = await OpenAsync(held);
        await CaughtUpAsync(side);
        held.Hold();
        var rebuilding = side.RebuildAsync(null, None);
        await held.Met.WaitAsync(TimeSpan.FromMinutes(1));
        await using var live = ReadSide.StoreOf(Address);
        await live.ExecuteAsync("INSERT INTO skipped (position, reason) VALUES (99, 'kept')", [], None);
        held.LetGo();
        await rebuilding.WaitAsync(TimeSpan.FromMinutes(1));

        Assert.Equal([99L], await live.ReadAsync(session => Skipped.ReadAsync(session, None), None));
    }

    [ContractFact]
    public async Task a_stream_that_is_cut_under_a_rebuild_does_not_end_it()
    {
        await RecordAsync([.. Story("one"), .. Story("two")]);
        await using var cut = new CutJournal(Journal);
        var side = await OpenAsync(cut);
        await CaughtUpAsync(side);
        cut.IsGone = row => row.Contains("|one", StringComparison.Ordinal);
        await side.RebuildAsync(null, None);

        Assert.Equal(2, (await side.Models.SessionAsync(Say.Named("two"), None))!.Calls);
    }

    [ContractFact]
    public async Task a_name_that_only_what_was_cut_had_is_found_again_in_what_comes_later()
    {
        await RecordAsync(new Say("gone", "c", Say.Asked, 1) { Tool = "list_files" });
        await RecordAsync(new Say("kept", "c", Say.Asked, 2));
        await using var cut = new CutJournal(Journal);
        var side = await OpenAsync(cut);
        await CaughtUpAsync(side);
        await side.Search.WaitForAsync(await Journal.LastPositionAsync(None), None).WaitAsync(TimeSpan.FromMinutes(1));
        cut.IsGone = row => row.Contains("|gone", StringComparison.Ordinal);
        cut.IsOutOfPages = true;
        await side.ForgetAsync(None);
        await RecordAsync(new Say("new", "c", Say.Asked, 3) { Tool = "list_files" });
        await side.Search.WaitForAsync(await Journal.LastPositionAsync(None), None).WaitAsync(TimeSpan.FromMinutes(1));

        var found = await side.Search.SearchAsync(side.Search.Parse("tool:list_*"), All, ReadScope.All, None);
        Assert.Equal("new", Assert.Single(found.Items).Session.Id);
    }

    [ContractFact]
    public async Task read_models_of_another_version_are_thrown_away_and_rebuilt()
    {
        var side = await OpenAsync();
        await RecordAsync(Story("one"));
        await CaughtUpAsync(side);
        var before = await Dump.OfAsync(Address);
        await CloseAsync(side);
        await using (var store = ReadSide.StoreOf(Address))
        {
            await store.ExecuteAsync("UPDATE version SET version = 999", [], None);
            await store.ExecuteAsync("UPDATE sessions SET doc = 'from another time'", [], None);
            await store.ExecuteAsync("INSERT INTO skipped (position, reason) VALUES (99, 'kept')", [], None);
        }

        await CaughtUpAsync(await OpenAsync());
        Assert.Equal(before, await Dump.OfAsync(Address));
        await using var again = ReadSide.StoreOf(Address);
        Assert.Equal([99L], await again.ReadAsync(session => Skipped.ReadAsync(session, None), None));
    }

    [ContractFact]
    public async Task whatever_of_a_row_is_changed_is_found_also_where_its_document_leaves_it_to_a_column()
    {
        var side = await OpenAsync();
        await RecordAsync([new Say("one", "late", Say.Asked, 3) { Task = "migrate-orders", Agent = "copilot", Parent = "above" }, .. Story("one")]);
        await CaughtUpAsync(side);
        await CloseAsync(side);
        using var directory = new TemporaryDirectory();
        await using var store = ReadSide.StoreOf(Address);
        await using var check = new ReadModelsCheck(Address, Journal);
        Assert.Empty(await check.AllAsync(directory.Path, None));
        Assert.Empty(await check.SomeAsync(["call|ci|one|late"], None));

        foreach (var (table, columns) in ((string, string)[])
            [
                ("calls", "id session source call_id parent state tool task_id agent first_at last_at"),
                ("transitions", "call sequence position task_id agent at received_at"), ("windows", "alias"),
            ])
        {
            foreach (var column in columns.Split(' '))
            {
                var (change, back) = column switch
                {
                    "alias" => ("'x'", "NULL"),
                    "source" or "call_id" or "parent" or "tool" or "task_id" or "agent" =>
                        ($"{column} || '!'", $"substr({column}, 1, length({column}) - 1)"),
                    _ => ($"{column} + 100000", $"{column} - 100000"),
                };
                Assert.NotEqual(0, await store.ExecuteAsync($"UPDATE {table} SET {column} = {change}", [], None));
                if (column is "parent" or "alias")
                {
                    Assert.Contains(await check.AllAsync(directory.Path, None), one => one.StartsWith($"The row of {table} whose "));
                }

                if (table != "windows")
                {
                    var said = await check.SomeAsync(["call|ci|one|late"], None);
                    Assert.True(said is [var one] && one.Contains(table == "calls" ? "(itself)" : "(messages)"), $"{table}.{column}: {string.Join(' ', said)}");
                }

                await store.ExecuteAsync($"UPDATE {table} SET {column} = {back}", [], None);
            }
        }

        Assert.Empty(await check.AllAsync(directory.Path, None));
    }

    [ContractFact]
    public async Task nobody_reads_read_models_of_another_version()
    {
        var side = await OpenAsync();
        await RecordAsync(Story("one"));
        await CaughtUpAsync(side);
        await using var store = ReadSide.StoreOf(Address);
        await using var check = new ReadModelsCheck(Address, Journal);
        await store.ExecuteAsync("UPDATE sessions SET first_at = first_at + 1", [], None);
        Assert.NotEmpty(await check.AllAsync(Path.GetTempPath(), None));

        await store.ExecuteAsync("UPDATE version SET version = 999", [], None);
        var refused = await Assert.ThrowsAsync<ReadModelsException>(() => side.Models.SessionAsync(Say.Named("one"), None));
        Assert.StartsWith("The version of the read models is 999, and this program reads ", refused.Message);
        Assert.Empty(await check.AllAsync(Path.GetTempPath(), None));
        Assert.Empty(await check.SomeAsync(["call|ci|one|late"], None));
        Assert.Equal(new ReadsLost(null, null), await side.FindLostAsync(None));
    }

    /// <summary>Has more whenever somebody has read of it.</summary>
    private sealed class GrowingJournal(IJournal inner) : RelayedJournal(inner)
    {
        public Func<Task>? Grow { get; set; }

        public override async Task<IReadOnlyList<JournalRow>> ReadAfterAsync(
            long position, int limit, long byteLimit, CancellationToken cancellation)
        {
            await (Grow?.Invoke() ?? Task.CompletedTask);
            return await base.ReadAfterAsync(position, limit, byteLimit, cancellation);
        }
    }

    /// <summary>Has streams no more, of which whoever reads ahead may have rows in hand.</summary>
    private sealed class CutJournal(IJournal inner) : RelayedJournal(inner)
    {
        public Predicate<string> IsGone { get; set; } = _ => false;

        public bool IsOutOfPages { get; set; }

        public override async Task<IReadOnlyList<IReadOnlyList<JournalRow>>> ReadStreamsAsync(
            IReadOnlyList<StreamKey> streams, CancellationToken cancellation) =>
            [.. (await base.ReadStreamsAsync(streams, cancellation)).Zip(streams, (rows, stream) => IsGone(stream.ToString()) ? [] : rows)];

        public override async Task<IReadOnlyList<JournalRow>> ReadStreamAsync(
            StreamKey stream, long afterSequence, int limit, CancellationToken cancellation) =>
            IsGone(stream.ToString()) ? [] : await base.ReadStreamAsync(stream, afterSequence, limit, cancellation);

        public override async Task<IReadOnlyList<JournalRow>> ReadAfterAsync(
            long position, int limit, long byteLimit, CancellationToken cancellation) =>
            [.. (await base.ReadAfterAsync(position, limit, byteLimit, cancellation)).Where(row => !IsOutOfPages || !IsGone(row.PersistenceId))];
    }

    /// <summary>Lets nobody read from its beginning for a while.</summary>
    private sealed class HeldJournal(IJournal inner) : RelayedJournal(inner)
    {
        private TaskCompletionSource met = new();
        private TaskCompletionSource? gate;

        public Task Met => met.Task;

        public void Hold() => (met, gate) = (
            new(TaskCreationOptions.RunContinuationsAsynchronously), new(TaskCreationOptions.RunContinuationsAsynchronously));

        public void LetGo()
        {
            gate!.SetResult();
            gate = null;
        }

        public override async Task<IReadOnlyList<JournalRow>> ReadAfterAsync(
            long position, int limit, long byteLimit, CancellationToken cancellation)
        {
            if (position == 0 && gate is { } closed)
            {
                met.TrySetResult();
                await closed.Task.WaitAsync(cancellation);
            }

            return await base.ReadAfterAsync(position, limit, byteLimit, cancellation);
        }
    }

    private sealed class Reports(List<RebuildProgress> reports) : IProgress<RebuildProgress>
    {
        public void Report(RebuildProgress value) => reports.Add(value);
    }
}
