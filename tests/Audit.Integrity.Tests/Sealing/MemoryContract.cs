using Audit.Integrity.Tests.Support;

namespace Audit.Integrity.Tests.Sealing;

/// <summary>Who may seal, who may end a halt, and what is found while a node seals.</summary>
public abstract class MemoryContract : BookTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [ContractFact]
    public async Task a_node_with_the_key_and_without_memory_stands_by_and_halts_nobody()
    {
        await Book.SealAsync(300);
        File.Delete(Book.CheckpointPath);
        await Book.AppendAsync(10);
        var status = await Book.StatusAsync(status => status.State == SealerState.NoMemory);
        Assert.Contains("audit log adopt", status.Reason, StringComparison.Ordinal);
        Assert.False(File.Exists(Book.CheckpointPath));
        Assert.Equal(300, await Book.AskLogAsync<long>($"SELECT max(size) FROM {Book.LogSchema}checkpoint"));
        Assert.Equal(0, await Book.AskLogAsync<long>($"SELECT count(*) FROM {Book.LogSchema}log WHERE halted_reason IS NOT NULL"));
    }

    [ContractFact]
    public async Task a_node_with_the_key_never_signs_another_history_under_the_same_name()
    {
        await Book.SealAsync(300);
        File.Delete(Book.CheckpointPath);
        foreach (var table in (string[])["checkpoint", "tile", "bundle", "log"])
        {
            await Book.TamperLogAsync($"DELETE FROM {Book.LogSchema}{table}");
        }

        await Book.TamperAsync("DELETE FROM journal WHERE ordering > 200");
        var status = await Book.StatusAsync(status => status.State == SealerState.NoMemory);
        Assert.Contains("the store has no log", status.Reason, StringComparison.Ordinal);
        Assert.Equal(0, await Book.AskLogAsync<long>($"SELECT count(*) FROM {Book.LogSchema}log"));
    }

    [ContractFact]
    public async Task an_operator_gives_a_node_its_memory_back_by_a_checkpoint_that_the_store_continues()
    {
        await Book.SealAsync(200);
        var kept = SignedCheckpoint.Parse(await File.ReadAllTextAsync(Book.CheckpointPath));
        await Book.SealAsync(100);
        var newest = SignedCheckpoint.Parse(await File.ReadAllTextAsync(Book.CheckpointPath));
        File.Delete(Book.CheckpointPath);
        await using var store = await Book.OpenAsync();
        await using var log = await Book.OpenLogAsync(store);
        log.Sealer.Start();
        await Book.Until(log.Sealer, status => status.State == SealerState.NoMemory);
        var stranger = await SignedCheckpoint.SignAsync(newest.Checkpoint, Ed25519Signer.Generate("example.com/log"), None);
        var ahead = await SignedCheckpoint.SignAsync(new Checkpoint("example.com/log", 301, new byte[32]), Book.Keys.Find()!, None);
        foreach (var refused in (SignedCheckpoint[])[stranger, ahead])
        {
            await Assert.ThrowsAsync<SealingRefusedException>(() => log.Sealer.AdoptAsync(refused, (_, _) => Task.CompletedTask, None));
        }

        LogAdoption? written = null;
        await log.Sealer.AdoptAsync(
            kept,
            (adoption, _) =>
            {
                written = adoption;
                return Task.CompletedTask;
            },
            None);
        Assert.Equal((200, 300), (written!.Given.Checkpoint.Size, written.Size));
        await Book.AppendAsync(store, 10);
        Assert.True(await Book.SealedAsync(log, store));
    }

    [ContractFact]
    public async Task a_halt_ends_only_when_the_rows_are_again_what_was_sealed()
    {
        await Book.SealAsync(300);
        await Book.TamperAsync("UPDATE journal SET created = created + 1 WHERE ordering = 300");
        await Book.HaltedAsync();
        await using var store = await Book.OpenAsync();
        await using var log = await Book.OpenLogAsync(store);
        log.Sealer.Start();
        await Book.Until(log.Sealer, status => status.IsHalted);
        var refused = await Assert.ThrowsAsync<SealingRefusedException>(
            () => log.Sealer.ResumeAsync("it was a test", (_, _) => Task.CompletedTask, None));
        Assert.Contains("position 300", refused.Message, StringComparison.Ordinal);
        await Book.TamperAsync("UPDATE journal SET created = created - 1 WHERE ordering = 300");
        LogResume? written = null;
        await log.Sealer.ResumeAsync(
            "the row was put back",
            (resume, _) =>
            {
                written = resume;
                return Task.CompletedTask;
            },
            None);
        Assert.Equal((300, "the row was put back"), (written!.Size, written.Reason));
        await Book.AppendAsync(store, 10);
        Assert.True(await Book.SealedAsync(log, store));
        await Assert.ThrowsAsync<SealingRefusedException>(
            () => log.Sealer.ResumeAsync("again", (_, _) => Task.CompletedTask, None));
    }

    [ContractFact]
    public async Task an_edit_in_the_middle_halts_the_node_that_seals()
    {
        await Book.SealAsync(700);
        await using var store = await Book.OpenAsync();
        await using var log = await Book.OpenLogAsync(store);
        log.Sealer.Start();
        await Book.Until(log.Sealer, _ => log.Sealer.Scrubbed?.EndedAt is not null);
        await Book.TamperAsync("UPDATE journal SET created = created + 1 WHERE ordering = 400");
        var status = await Book.Until(log.Sealer, status => status.IsHalted);
        Assert.Equal(400, status.Position);
        Assert.Equal(400, await Book.AskLogAsync<long>($"SELECT halted_position FROM {Book.LogSchema}log"));
    }

    [ContractFact]
    public async Task a_row_that_no_node_wrote_is_sealed_as_unproven_and_sealing_goes_on()
    {
        await Book.SealAsync(10);
        await Book.AppendAsync(("call|1|s-9|c-9", 1, "call.transitioned.v2", """{"v":2,"no-mac":true}"""));
        await Book.SealAsync(10);
        var integrity = (await Book.VerifyAsync()).Integrity;
        Assert.Equal((21, 21, 1, 11L), (integrity.Size, integrity.Rows, integrity.UnprovenRows, integrity.FirstUnproven));
        Assert.Equal(IntegrityFaultKind.Unproven, Assert.Single(integrity.Faults).Kind);
        Assert.True((await Book.VerifyAsync(Book.Trust with { AcceptedUnproven = 1 })).Integrity.IsIntact);
        await using var store = await Book.OpenAsync();
        await using var log = await Book.OpenLogAsync(store);
        Assert.Equal(new UnprovenRows(1, 11), await log.Reader.UnprovenAsync(None));
    }

    [ContractFact]
    public async Task rows_that_wait_too_long_for_their_seal_are_a_failure()
    {
        await Book.SealAsync(10);
        await Book.AppendAsync(1);
        Assert.True((await Book.VerifyAsync(Book.Trust, Book.WrittenAt.AddSeconds(60))).Integrity.IsIntact);
        foreach (var now in (DateTimeOffset[])[Book.WrittenAt.AddSeconds(61), Book.WrittenAt.AddMinutes(-6)])
        {
            var fault = Assert.Single((await Book.VerifyAsync(Book.Trust, now)).Integrity.Faults);
            Assert.Equal((IntegrityFaultKind.Unsealed, 11L), (fault.Kind, fault.Position));
        }
    }

    [ContractFact]
    public async Task a_restart_that_the_database_hides_or_tells_otherwise_is_found()
    {
        await Book.SealAsync(10);
        await using (var store = await Book.OpenAsync())
        {
            await using var log = await Book.OpenLogAsync(store);
            await log.Sealer.RestartAsync("a rehearsal", "ann", null, (_, _) => Task.CompletedTask, None);
        }

        await Book.AppendAsync(("operator|2026-11-21", 1, "operator.acted.v2", """{"v":2,"act":"log.restarted"}"""));
        await Book.SealAsync();
        Assert.True((await Book.VerifyAsync()).Integrity.IsIntact);
        var note = await Book.AskLogAsync<string>($"SELECT restart FROM {Book.LogSchema}log WHERE number = 2");
        await Book.TamperLogAsync(
            $"UPDATE {Book.LogSchema}log SET restart = @note WHERE number = 2", ("note", note.Replace("rehearsal", "holiday")));
        Assert.Contains("not signed", Assert.Single((await Book.VerifyAsync()).Integrity.Restarts).Wrong, StringComparison.Ordinal);
        await Book.TamperLogAsync($"DELETE FROM {Book.LogSchema}log WHERE number = 1");
        await Book.TamperLogAsync($"UPDATE {Book.LogSchema}log SET number = 1, restart = NULL WHERE number = 2");
        foreach (var table in (string[])["tile", "checkpoint", "bundle"])
        {
            await Book.TamperLogAsync($"DELETE FROM {Book.LogSchema}{table} WHERE log = 1");
            await Book.TamperLogAsync($"UPDATE {Book.LogSchema}{table} SET log = 1 WHERE log = 2");
        }

        var hidden = Assert.Single((await Book.VerifyAsync()).Integrity.Faults);
        Assert.Equal((IntegrityFaultKind.EarlierLog, 11L), (hidden.Kind, hidden.Position));
    }
}

public sealed class SqliteMemoryTests : MemoryContract
{
    protected override Task<Book> CreateAsync() => Task.FromResult<Book>(new SqliteBook());
}

[NeedsPostgres]
public sealed class PostgresMemoryTests : MemoryContract
{
    protected override async Task<Book> CreateAsync() => await PostgresBook.CreateAsync();
}
