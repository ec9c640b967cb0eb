using Audit.Integrity.Tests.Support;

namespace Audit.Integrity.Tests.Sealing;

[NeedsPostgres]
public sealed class PostgresSealerTests : SealerContract
{
    protected override async Task<Book> CreateAsync() => await PostgresBook.CreateAsync();

    [ContractFact]
    public async Task of_two_nodes_one_seals_and_the_other_takes_over_when_it_ends()
    {
        await using var first = await Book.OpenAsync();
        await using var second = await Book.OpenAsync();
        var sealing = await Book.OpenLogAsync(first);
        await using var waiting = await TamperEvidentLog.OpenAsync(
            Book.Address, second.Journal, Book.Keys, Book.Entries, Book.Options with { CheckpointFile = Book.PathOf("other.checkpoint") },
            CancellationToken.None);
        sealing.Sealer.Start();
        await Book.Until(sealing.Sealer, status => status.State == SealerState.Sealing);
        waiting.Sealer.Start();
        await Book.Until(waiting.Sealer, _ => File.Exists(Book.PathOf("other.checkpoint")));
        await Book.AppendAsync(first, 300);
        Assert.True(await Book.SealedAsync(waiting, second));
        await Assert.ThrowsAsync<SealingRefusedException>(
            () => waiting.Sealer.RestartAsync("because", "ann", null, (_, _) => Task.CompletedTask, CancellationToken.None));
        await sealing.DisposeAsync();
        await Book.Until(waiting.Sealer, status => status.State == SealerState.Sealing);
        await Book.AppendAsync(first, 300);
        Assert.True(await Book.SealedAsync(waiting, second));
        Assert.Empty((await Book.VerifyAsync(new VerifyOptions { KeyFile = Book.Keys.Path })).Integrity.Faults);
        Assert.Equal(600, SignedCheckpoint.Parse(await File.ReadAllTextAsync(Book.PathOf("other.checkpoint"))).Checkpoint.Size);
    }

    [ContractFact]
    public async Task a_sealer_whose_connection_is_cut_takes_the_right_again_and_goes_on()
    {
        await using var store = await Book.OpenAsync();
        await using var log = await Book.OpenLogAsync(store);
        log.Sealer.Start();
        await Book.AppendAsync(store, 10);
        Assert.True(await Book.SealedAsync(log, store));
        await Book.TamperLogAsync(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND classid = 7401 AND objid = 3 "
                + "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())");
        await Book.AppendAsync(store, 10);
        Assert.True(await Book.SealedAsync(log, store));
        Assert.Empty((await Book.VerifyAsync()).Integrity.Faults);
    }

    [ContractFact]
    public async Task a_node_that_stands_by_remembers_what_was_signed_and_halts_when_the_store_is_set_back()
    {
        await Book.SealAsync(300);
        var old = await Book.AskLogAsync<string>("SELECT note FROM audit_log.checkpoint");
        await using var first = await Book.OpenAsync();
        await using var sealing = await Book.OpenLogAsync(first);
        sealing.Sealer.Start();
        await Book.Until(sealing.Sealer, status => status.State == SealerState.Sealing);
        await Book.AppendAsync(first, 300);
        Assert.True(await Book.SealedAsync(sealing, first));
        await using var waiting = await TamperEvidentLog.OpenAsync(
            Book.Address, first.Journal, Book.Keys, Book.Entries, Book.Options with { CheckpointFile = Book.PathOf("other.checkpoint") },
            CancellationToken.None);
        waiting.Sealer.Start();
        await Book.Until(waiting.Sealer, _ => File.Exists(Book.PathOf("other.checkpoint")));
        await Book.TamperLogAsync("DELETE FROM audit_log.checkpoint");
        await Book.TamperLogAsync("INSERT INTO audit_log.checkpoint VALUES (1, 300, 300, @note, 0)", ("note", old));
        var halted = await Book.Until(waiting.Sealer, status => status.IsHalted);
        Assert.Contains("set back", halted.Reason, StringComparison.Ordinal);
    }
}
