namespace Audit.Journal.Tests;

/// <summary>Positions ascend in the order of commits, whoever writes: a reader that follows them misses nothing.</summary>
public sealed class PostgresCommitOrderTests : IAsyncLifetime
{
    private PostgresPlace place = null!;
    private IAuditStore store = null!;
    private long followed;

    public async Task InitializeAsync()
    {
        place = await PostgresPlace.CreateAsync();
        store = await place.OpenAsync();
    }

    public async Task DisposeAsync()
    {
        await store.DisposeAsync();
        await place.DisposeAsync();
    }

    [PostgresFact]
    public async Task an_append_waits_for_a_foreign_transaction_that_wrote_before_it()
    {
        foreach (var company in Rows.FewAndMany)
        {
            await using var foreign = await place.ConnectAsync();
            await foreign.ExecuteAsync("BEGIN");
            var position = await foreign.InsertForeignAsync();

            var append = store.AppendAsync([Rows.Row(Rows.Handle($"call|{company}"), 1), .. Rows.Neighbours(company)]);
            await UntilSomebodyWaitsAsync();
            Assert.False(append.IsCompleted);
            await foreign.ExecuteAsync("COMMIT");

            Assert.True((await append.OrHung())[0] > position);
        }
    }

    [PostgresFact]
    public async Task a_fence_sees_what_the_transaction_it_waited_for_wrote()
    {
        foreach (var company in Rows.FewAndMany)
        {
            var stream = $"call|{company}";
            await store.WriteStreamAsync(stream, 1);
            await using var foreign = await place.ConnectAsync();
            await foreign.ExecuteAsync("BEGIN");
            await foreign.InsertForeignAsync(stream, 2);
            await foreign.InsertForeignAsync(stream, 3);

            // Number 4 would find no key in its way: only a look after the lock can show what is expected too high or low.
            var (fits, late) = (Rows.Handle(stream), Rows.Handle($"late|{company}"));
            var append = store.AppendAsync([Rows.Row(fits, 4), Rows.Row(late, 2), .. Rows.Neighbours(company)]);
            await UntilSomebodyWaitsAsync();
            await foreign.ExecuteAsync("COMMIT");

            Assert.NotEqual(0, (await append.OrHung())[0]);
            Assert.False(fits.Lost);
            Assert.True(late.Lost);
        }
    }

    [PostgresFact]
    public async Task a_foreign_writer_waits_for_the_one_before_it()
    {
        await using var first = await place.ConnectAsync();
        await using var second = await place.ConnectAsync();
        await first.ExecuteAsync("BEGIN");
        var position = await first.InsertForeignAsync();

        var other = second.InsertForeignAsync();
        await UntilSomebodyWaitsAsync();
        Assert.False(other.IsCompleted);
        await first.ExecuteAsync("COMMIT");

        Assert.True(await other.OrHung() > position);
    }

    [PostgresFact]
    public async Task a_session_that_plays_the_replica_keeps_the_order_too()
    {
        await using var first = await place.ConnectAsync();
        await first.ExecuteAsync("SET session_replication_role = replica");
        await first.ExecuteAsync("BEGIN");
        await first.InsertForeignAsync();

        var append = store.AppendAsync(Rows.Row(Rows.Handle("call"), 1));
        await UntilSomebodyWaitsAsync();
        Assert.False(append.IsCompleted);
        await first.ExecuteAsync("ROLLBACK");

        await append.OrHung();
    }

    [PostgresFact]
    public async Task a_reader_that_follows_positions_misses_nothing_of_slow_concurrent_and_failing_writers()
    {
        await using var other = await place.OpenAsync();
        using var stop = new CancellationTokenSource();
        var reader = FollowAsync(stop.Token);

        await Task.WhenAll(
            AppendManyAsync(store, 40),
            AppendManyAsync(other, 40),
            WriteForeignAsync(20, commitEvery: 1),
            WriteForeignAsync(20, commitEvery: 2)).OrHung();
        var all = (await store.ReadAllAsync()).Select(row => row.Position).ToList();
        while (reader is { IsCompleted: false } && Volatile.Read(ref followed) < all[^1])
        {
            await Task.Delay(20);
        }

        await stop.CancelAsync();

        Assert.Equal(all, await reader.OrHung());
    }

    [PostgresFact]
    public async Task a_rollback_leaves_a_gap_that_never_fills_and_receipts_stay_right()
    {
        foreach (var company in Rows.FewAndMany)
        {
            await using var foreign = await place.ConnectAsync();
            await foreign.ExecuteAsync("BEGIN");
            var rolledBack = await foreign.InsertForeignAsync();
            await foreign.ExecuteAsync("ROLLBACK");

            RowToAppend[] rows = [.. Rows.Neighbours(2 + company)];
            var positions = await store.AppendAsync(rows);

            Assert.True(positions[0] > rolledBack);
            await AssertStoredAsync(rows, positions);
        }
    }

    [PostgresFact]
    public async Task receipts_stay_right_when_somebody_takes_numbers_without_the_lock()
    {
        using var stop = new CancellationTokenSource();
        await using var thief = await place.ConnectAsync();
        var stealing = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                await thief.ExecuteAsync("SELECT nextval('journal_ordering_seq')");
            }
        });

        try
        {
            for (var i = 0; i < 20; i++)
            {
                RowToAppend[] rows = [.. Rows.Neighbours(i % 2 == 0 ? Rows.Many : 5)];
                await AssertStoredAsync(rows, await store.AppendAsync(rows));
            }
        }
        finally
        {
            await stop.CancelAsync();
            await stealing;
        }
    }

    private async Task<List<long>> FollowAsync(CancellationToken stop)
    {
        var seen = new List<long>();
        try
        {
            while (true)
            {
                await store.Journal.WaitForMoreAsync(followed, stop);
                var rows = await store.Journal.ReadAfterAsync(followed, 1000, long.MaxValue, CancellationToken.None);
                seen.AddRange(rows.Select(row => row.Position));
                if (rows.Count > 0)
                {
                    Volatile.Write(ref followed, rows[^1].Position);
                }
            }
        }
        catch (OperationCanceledException)
        {
            return seen;
        }
    }

    private static async Task AppendManyAsync(IAuditStore node, int appends)
    {
        for (var i = 0; i < appends; i++)
        {
            await node.AppendAsync([.. Rows.Neighbours(i % 5 == 0 ? Rows.Many : 1 + i)]);
        }
    }

    /// <summary>Transactions that hold their numbers for a while; all but each n-th are rolled back.</summary>
    private async Task WriteForeignAsync(int transactions, int commitEvery)
    {
        await using var connection = await place.ConnectAsync();
        for (var i = 0; i < transactions; i++)
        {
            await connection.ExecuteAsync("BEGIN");
            await connection.InsertForeignAsync();
            await Task.Delay(5);
            await connection.InsertForeignAsync();
            await connection.ExecuteAsync(i % commitEvery == 0 ? "COMMIT" : "ROLLBACK");
        }
    }

    private async Task AssertStoredAsync(RowToAppend[] rows, long[] positions)
    {
        var stored = await store.Journal.ReadStreamsAsync([.. rows.Select(row => row.Stream.Key)], CancellationToken.None);
        Assert.Equal(stored.Select(stream => stream.Single().Position), positions);
    }

    private async Task UntilSomebodyWaitsAsync()
    {
        for (var looks = 0; looks < 3000; looks++)
        {
            if (await place.ExecuteAsync("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted") is not 0L)
            {
                return;
            }

            await Task.Delay(10);
        }
        Assert.Fail("Nobody waits for the journal's lock.");
    }
}
