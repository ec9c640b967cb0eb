using Npgsql;

namespace Audit.Journal.Tests;

/// <summary>What holds the journal's lock, or does not answer, keeps nobody waiting for long.</summary>
public sealed class PostgresStallTests : IAsyncLifetime
{
    private PostgresPlace place = null!;
    private IAuditStore store = null!;

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
    public async Task an_append_that_waits_too_long_for_the_lock_says_who_has_it_and_the_next_one_does_not_wait()
    {
        foreach (var company in Rows.FewAndMany)
        {
            var stream = $"call|{company}";
            await using var holder = await place.ConnectAsync();
            await holder.ExecuteAsync("SET application_name = 'somebody else'");
            await holder.ExecuteAsync("BEGIN");
            await holder.InsertForeignAsync();

            var held = await FailAsync(() => AppendAsync(stream, company));
            Assert.Equal(JournalTrouble.Locked, held.Trouble);
            Assert.Contains("somebody else, idle in transaction", held.Message);
            Assert.Equal(JournalTrouble.Locked, (await FailAsync(() => AppendAsync(stream, company))).Trouble);
            Assert.Equal(JournalTrouble.Locked, (await FailAsync(TryCommitAsync)).Trouble);

            await holder.ExecuteAsync("ROLLBACK");
            await TryCommitAsync();
            await AppendAsync(stream, company).OrHung();
            Assert.Equal([1], await store.SequencesAsync(stream));
        }
    }

    [PostgresFact]
    public async Task a_transaction_of_a_node_that_rests_is_ended_by_the_server()
    {
        await using var pool = new PostgresPool(
            place.Database.ConnectionString, new PostgresUse("", (_, failure) => failure) { RestSeconds = 1 });
        await using var frozen = await pool.OpenLastingAsync(CancellationToken.None);
        await frozen.ExecuteAsync("BEGIN");
        await frozen.InsertForeignAsync();

        await AppendAsync("call", 0).OrHung();
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => frozen.ExecuteAsync("COMMIT"));
    }

    [PostgresFact]
    public async Task rows_are_sent_before_the_lock_is_taken()
    {
        var waiting = AppendingBehindAsync(Rows.Many);
        // What waits for the lock is a message of a few bytes, and everything else is with the server already.
        var query = (string)(await UntilAsync(
            "SELECT query FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' "
            + "AND wait_event = 'advisory' LIMIT 1"))!;
        Assert.Equal("SELECT pg_advisory_xact_lock(7401, 1)", query);
        await (await waiting)();
    }

    [PostgresFact]
    public async Task a_server_that_stands_still_is_given_up_soon_and_goes_on_without_loss()
    {
        var server = await PostgresServer.StartDurableAsync();
        await PostgresServer.ExecuteAsync(server, "CREATE DATABASE stalls");
        var database = new NpgsqlConnectionStringBuilder(server) { Database = "stalls" }.ConnectionString;
        await using var node = await AuditStore.OpenAsync($"postgres:{database}", TestKeys.Given, CancellationToken.None);
        await node.WriteStreamAsync("call", 1);
        await node.AppendAsync([.. Rows.Neighbours(Rows.Many)]);
        var processes = await ServerProcesses.OfAsync(server);
        processes.Signal("STOP");
        try
        {
            foreach (var company in Rows.FewAndMany)
            {
                RowToAppend[] rows = [Rows.Row(Rows.Handle($"call|{company}"), 1), .. Rows.Neighbours(company)];
                var (writing, reading) = (
                    FailAsync(() => node.AppendAsync(rows)),
                    FailAsync(() => node.Journal.LastPositionAsync(CancellationToken.None)));
                Assert.Equal(JournalTrouble.Stalled, (await writing).Trouble);
                Assert.Equal(JournalTrouble.Stalled, (await reading).Trouble);
            }
        }
        finally
        {
            processes.Signal("CONT");
        }

        while (true)
        {
            try
            {
                await node.Journal.TryCommitAsync(CancellationToken.None).OrHung();
                break;
            }
            catch (JournalUnavailableException)
            {
                await Task.Delay(50);
            }
        }

        await node.WriteStreamAsync("after", 1);
        Assert.Equal([1], await node.SequencesAsync("call"));
        Assert.Equal([1], await node.SequencesAsync("after"));
    }

    private async Task AppendAsync(string stream, int company) =>
        await store.AppendAsync([Rows.Row(Rows.Handle(stream), 1), .. Rows.Neighbours(company)]);

    private Task TryCommitAsync() => store.Journal.TryCommitAsync(CancellationToken.None);

    private static async Task<JournalUnavailableException> FailAsync(Func<Task> work) =>
        await Assert.ThrowsAnyAsync<JournalUnavailableException>(work).OrHung();

    /// <returns>What lets the append through and waits for it.</returns>
    private async Task<Func<Task>> AppendingBehindAsync(int company)
    {
        var holder = await place.ConnectAsync();
        await holder.ExecuteAsync("BEGIN");
        await holder.InsertForeignAsync();
        var append = AppendAsync("call", company);
        return async () =>
        {
            await holder.ExecuteAsync("COMMIT");
            await holder.DisposeAsync();
            await append.OrHung();
        };
    }

    private async Task<object?> UntilAsync(string sql)
    {
        for (var looks = 0; looks < 3000; looks++)
        {
            if (await place.ExecuteAsync(sql) is { } found)
            {
                return found;
            }

            await Task.Delay(10);
        }

        throw new InvalidOperationException($"Nothing came of {sql}.");
    }
}
