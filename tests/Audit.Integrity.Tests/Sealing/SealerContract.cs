using Audit.Integrity.Tests.Support;

namespace Audit.Integrity.Tests.Sealing;

public abstract class SealerContract : BookTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [ContractFact]
    public async Task what_is_sealed_is_the_tree_over_the_rows_whatever_the_steps_were()
    {
        await using var store = await Book.OpenAsync();
        await using var log = await Book.OpenLogAsync(store);
        log.Sealer.Start();
        foreach (var count in (int[])[1, 254, 1, 1, 300, 700])
        {
            await Book.AppendAsync(store, count);
            Assert.True(await Book.SealedAsync(log, store));
        }
        var leaves = (await store.Journal.ReadAfterAsync(0, 2_000, long.MaxValue, None))
            .Select(row => TreeHash.Leaf(RowEntry.Write(row))).ToArray();
        var checkpoint = await CheckpointAsync(log);
        Assert.Equal(leaves.Length, checkpoint.Checkpoint.Size);
        Assert.Equal(PlainTree.Root(leaves), checkpoint.Checkpoint.Root);
        Assert.True(checkpoint.IsSignedBy(Book.Keys.Find()!.Key));
        Assert.Equal(checkpoint.ToString(), await File.ReadAllTextAsync(Book.CheckpointPath));
    }

    [ContractFact]
    public async Task an_empty_journal_has_a_log_and_no_checkpoint()
    {
        await using var store = await Book.OpenAsync();
        await using var log = await Book.OpenLogAsync(store);
        log.Sealer.Start();
        await Book.Until(log.Sealer, status => status.State == SealerState.Sealing);
        var head = await log.Reader.HeadAsync(None);
        Assert.Equal("example.com/log", head!.Log.Origin);
        Assert.Null(head.Stored);
        Assert.Null(await log.Reader.ReadAsync("checkpoint", None));
    }

    [ContractFact]
    public async Task a_restarted_node_goes_on_with_the_same_log()
    {
        await Book.SealAsync(300);
        var before = await File.ReadAllTextAsync(Book.CheckpointPath);
        await Book.SealAsync(300);
        var verdict = await Book.VerifyAsync(Book.Trust with { Since = SignedCheckpoint.Parse(before) });
        Assert.Empty(verdict.Integrity.Faults);
        Assert.Equal(600, verdict.Integrity.Size);
    }

    [ContractFact]
    public async Task a_row_that_went_away_before_its_seal_halts_nothing_and_is_named_by_store_and_bundle()
    {
        const string Manifest = "call.transitioned.v2", Message = """{"v":1,"event":"call.transitioned","source":"ci","to":"completed"}""";
        await Book.AppendAsync(("call|ci|s-1|g", 1, Manifest, Message), ("call|ci|s-1|g", 2, Manifest, Message), ("call|ci|s-1|g", 3, Manifest, Message));
        await Book.TamperAsync("DELETE FROM journal WHERE sequence_number = 2");
        await Book.SealAsync(3);
        // Of a stream that goes on later the sealer asks the store, and finds no other gap.
        await Book.AppendAsync(("call|ci|s-1|g", 4, Manifest, Message));
        await Book.SealAsync();
        Assert.Equal(1L, await Book.AskLogAsync<long>($"SELECT count(*) FROM {Book.LogSchema}unproven"));
        // A row that is put into the gap afterwards does not fill it.
        await Book.TamperAsync(
            $"{Book.InsertSql} SELECT ordering + 100, created, deleted, persistence_id, 2, message, manifest, identifier, writer_uuid FROM journal WHERE sequence_number = 1 AND persistence_id = 'call|ci|s-1|g'");
        var bundle = Book.PathOf("bundle.zip");
        await LogBundle.ExportAsync(Book.Address, bundle, Book.Entries, null, None);
        foreach (var verdict in new[] { await Book.VerifyAsync(), await LogVerifier.VerifyBundleAsync(bundle, Book.Trust, null, None) })
        {
            var fault = Assert.Single(verdict.Integrity.Faults, fault => fault.Kind == IntegrityFaultKind.NumbersMissing);
            Assert.Equal((3L, "The stream call|ci|s-1|g has no number 2: the row before position 3 is missing."), (fault.Position, fault.Sentence));
        }
    }

    [ContractFact]
    public async Task nothing_new_is_signed_while_there_are_no_new_rows()
    {
        await Book.SealAsync(10);
        var before = await Book.AskLogAsync<long>($"SELECT signed_at FROM {Book.LogSchema}checkpoint");
        await Book.SealAsync();
        Assert.Equal(before, await Book.AskLogAsync<long>($"SELECT signed_at FROM {Book.LogSchema}checkpoint"));
    }

    [ContractFact]
    public async Task of_older_checkpoints_the_last_of_every_bundle_is_kept()
    {
        foreach (var count in (int[])[10, 10, 300, 10, 10])
        {
            await Book.SealAsync(count);
        }
        Assert.Equal(2, await Book.AskLogAsync<long>($"SELECT count(*) FROM {Book.LogSchema}checkpoint WHERE size IN (20, 340)"));
        Assert.Equal(2, await Book.AskLogAsync<long>($"SELECT count(*) FROM {Book.LogSchema}checkpoint"));
    }

    [ContractFact]
    public async Task a_node_without_the_key_never_seals()
    {
        await Book.SealAsync(10);
        File.Delete(Book.Keys.Path);
        await Book.AppendAsync(10);
        var status = await Book.StatusAsync(status => status.State == SealerState.Elsewhere);
        Assert.Contains("does not have the key", status.Reason, StringComparison.Ordinal);
        Assert.Equal(10, (await Book.VerifyAsync()).Integrity.Size);
    }

    [ContractFact]
    public async Task a_key_that_cannot_be_used_is_reported()
    {
        await Book.SealAsync(10);
        await File.WriteAllTextAsync(Book.Keys.Path, "no key\n");
        await Book.StatusAsync(status => status.State == SealerState.NoKey);
        Assert.True(Book.Failures.Counts["log key"] > 0);
    }

    [ContractFact]
    public async Task a_disk_that_refuses_the_checkpoint_is_reported_and_tried_again()
    {
        Directory.CreateDirectory(Book.CheckpointPath);
        await Book.AppendAsync(10);
        await Book.StatusAsync(status => status.State == SealerState.Waiting);
        Assert.True(Book.Failures.Counts["log sealer"] > 0);
        Directory.Delete(Book.CheckpointPath);
        await Book.SealAsync();
    }

    [ContractFact]
    public async Task a_node_with_another_key_never_seals()
    {
        await Book.SealAsync(10);
        File.Delete(Book.Keys.Path);
        await Book.Keys.CreateAsync("example.com/log");
        Assert.Equal(SealerState.Elsewhere, (await Book.StatusAsync(status => status.State == SealerState.Elsewhere)).State);
    }

    [ContractFact]
    public async Task an_older_file_of_the_same_history_is_fine()
    {
        await Book.SealAsync(300);
        var old = await File.ReadAllBytesAsync(Book.CheckpointPath);
        await Book.SealAsync(300);
        await File.WriteAllBytesAsync(Book.CheckpointPath, old);
        await Book.SealAsync(10);
        Assert.Empty((await Book.VerifyAsync()).Integrity.Faults);
    }

    [ContractFact]
    public async Task a_file_of_another_history_halts()
    {
        await Book.SealAsync(300);
        await SignFileAsync(new Checkpoint("example.com/log", 200, new byte[32]));
        Assert.Contains("does not begin with the 200 entries", (await Book.HaltedAsync()).Reason, StringComparison.Ordinal);
    }

    [ContractFact]
    public async Task a_file_of_a_log_that_the_store_does_not_know_keeps_this_node_alone_from_sealing()
    {
        await Book.SealAsync(300);
        var other = Ed25519Signer.Generate("example.com/other");
        var signed = await SignedCheckpoint.SignAsync(new Checkpoint("example.com/other", 1, new byte[32]), other, None);
        await File.WriteAllTextAsync(Book.CheckpointPath, signed.ToString());
        Assert.Contains("example.com/other", (await NoMemoryAsync()).Reason, StringComparison.Ordinal);
        Assert.Equal(0, await HaltsAsync());
    }

    [ContractFact]
    public async Task a_file_that_is_no_checkpoint_keeps_this_node_alone_from_sealing()
    {
        await Book.SealAsync(10);
        await File.WriteAllTextAsync(Book.CheckpointPath, "hello\n");
        Assert.Contains("is not the checkpoint", (await NoMemoryAsync()).Reason, StringComparison.Ordinal);
        Assert.Equal(0, await HaltsAsync());
    }

    [ContractFact]
    public async Task a_file_that_is_ahead_because_the_database_failed_to_commit_is_caught_up_with()
    {
        await Book.SealAsync(300);
        await Book.AppendAsync(100);
        await using (var store = await Book.OpenAsync())
        {
            var leaves = (await store.Journal.ReadAfterAsync(0, 2_000, long.MaxValue, None))
                .Select(row => TreeHash.Leaf(RowEntry.Write(row))).ToArray();
            await SignFileAsync(new Checkpoint("example.com/log", 350, PlainTree.Root(leaves.AsSpan(0, 350))));
        }
        await Book.SealAsync(10);
        Assert.Empty((await Book.VerifyAsync()).Integrity.Faults);
    }

    [ContractFact]
    public async Task a_file_that_is_ahead_of_all_rows_halts()
    {
        await Book.SealAsync(300);
        await SignFileAsync(new Checkpoint("example.com/log", 350, new byte[32]));
        Assert.Contains("a checkpoint of 350 was signed", (await Book.HaltedAsync()).Reason, StringComparison.Ordinal);
    }

    [ContractFact]
    public async Task a_halted_log_stays_halted_on_a_node_that_knows_nothing_of_why()
    {
        await Book.SealAsync(300);
        await SignFileAsync(new Checkpoint("example.com/log", 350, new byte[32]));
        var reason = (await Book.HaltedAsync()).Reason;
        File.Delete(Book.CheckpointPath);
        Assert.Equal(reason, (await Book.HaltedAsync()).Reason);
        Assert.Contains((await Book.VerifyAsync()).Integrity.Faults, fault => fault.Kind == IntegrityFaultKind.Halted);
    }

    [ContractFact]
    public async Task a_journal_that_lost_its_last_rows_is_sealed_on_when_they_are_there_again()
    {
        await Book.SealAsync(300);
        await Book.TamperAsync(
            "CREATE TABLE kept AS SELECT * FROM journal WHERE ordering > 250; DELETE FROM journal WHERE ordering > 250");
        await using var store = await Book.OpenAsync();
        await using var log = await Book.OpenLogAsync(store);
        log.Sealer.Start();
        var halted = await Book.Until(log.Sealer, status => status.IsHalted);
        Assert.Equal(300, halted.Position);
        Assert.Contains("Sealing goes on by itself", halted.Reason, StringComparison.Ordinal);
        Assert.Equal(0, await HaltsAsync());
        var refused = await Assert.ThrowsAsync<SealingRefusedException>(
            () => log.Sealer.ResumeAsync("it was a test", (_, _) => Task.CompletedTask, None));
        Assert.Contains("by itself when they are back", refused.Message, StringComparison.Ordinal);

        await Book.TamperAsync("INSERT INTO journal SELECT * FROM kept; DROP TABLE kept");
        await Book.AppendAsync(store, 10);
        Assert.True(await Book.SealedAsync(log, store));
        Assert.Empty((await Book.VerifyAsync()).Integrity.Faults);
    }

    [ContractFact]
    public async Task who_waits_for_a_halted_log_is_told_so()
    {
        await Book.SealAsync(300);
        await SignFileAsync(new Checkpoint("example.com/log", 350, new byte[32]));
        await Book.AppendAsync(1);
        await using var store = await Book.OpenAsync();
        await using var log = await Book.OpenLogAsync(store);
        log.Sealer.Start();
        Assert.False(await Book.SealedAsync(log, store));
    }

    [ContractFact]
    public async Task a_wait_that_is_given_up_ends()
    {
        await using var store = await Book.OpenAsync();
        await using var log = await Book.OpenLogAsync(store);
        using var stop = new CancellationTokenSource();
        var wait = log.Sealer.WaitForSealedAsync(1, stop.Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait);
    }

    [ContractFact]
    public async Task an_operator_starts_a_new_log_that_names_the_old_ones_last_checkpoint()
    {
        await Book.SealAsync(300);
        var last = SignedCheckpoint.Parse(await File.ReadAllTextAsync(Book.CheckpointPath));
        await Book.TamperAsync("DELETE FROM journal WHERE ordering > 250");
        Assert.Equal(300, (await Book.HaltedAsync()).Position);
        LogRestart? reported = null;
        await using (var store = await Book.OpenAsync())
        {
            await using var log = await Book.OpenLogAsync(store);
            log.Sealer.Start();
            await Book.Until(log.Sealer, status => status.IsHalted);
            var begun = await log.Sealer.RestartAsync(
                "the backup of Monday was restored",
                "ann",
                null,
                async (restart, _) =>
                {
                    reported = restart;
                    await Book.AppendAsync(store, 1);
                },
                None);
            Assert.Equal(("example.com/log-2", 2), (begun.Origin, begun.Number));
            Assert.True(await Book.SealedAsync(log, store));
            Assert.Equal(SealerState.Sealing, log.Sealer.Status.State);
            var head = await log.Reader.HeadAsync(None);
            Assert.Equal((251, "example.com/log-2"), (head!.Size, head.Log.Origin));
            Assert.Equal(last.ToString(), head.Log.Restart!.LastCheckpoint!.ToString());
        }
        Assert.Equal((last.ToString(), "example.com/log"), (reported!.LastCheckpoint!.ToString(), reported.OldOrigin));
        Assert.Equal(last.ToString(), await File.ReadAllTextAsync(Book.CheckpointPath + ".1"));
        // Nobody makes it well by beginning anew: what was lost is reported for ever, to everybody who does not accept it.
        var integrity = (await Book.VerifyAsync()).Integrity;
        Assert.Equal(IntegrityFaultKind.EarlierLog, Assert.Single(integrity.Faults).Kind);
        var restart = Assert.Single(integrity.Restarts);
        Assert.Equal(("ann", "the backup of Monday was restored", 300), (restart.By, restart.Reason, restart.OldSize));
        Assert.Contains("it had 300 entries", restart.Wrong, StringComparison.Ordinal);
        Assert.Contains("ends at position 250", restart.Verdict, StringComparison.Ordinal);
        Assert.True((await Book.VerifyAsync(Book.Trust with { AcceptedRestarts = new HashSet<int> { 2 } })).Integrity.IsIntact);
        Assert.False((await Book.VerifyAsync(Book.Trust with { AcceptedRestarts = new HashSet<int> { 3 } })).Integrity.IsIntact);
        // Who kept the old log's checkpoint learns it too.
        var since = await Book.VerifyAsync(new VerifyOptions { Since = last, AcceptedRestarts = new HashSet<int> { 2 } });
        Assert.Equal(IntegrityFaultKind.SetBack, Assert.Single(since.Integrity.Faults).Kind);
    }

    [ContractFact]
    public async Task a_log_that_was_restarted_without_loss_still_continues_the_old_ones_checkpoints()
    {
        await Book.SealAsync(300);
        var last = SignedCheckpoint.Parse(await File.ReadAllTextAsync(Book.CheckpointPath));
        await RestartAsync();
        await Book.SealAsync(10);
        Assert.Empty((await Book.VerifyAsync(Book.Trust with { Since = last })).Integrity.Faults);
    }

    [ContractFact]
    public async Task each_restart_counts_on()
    {
        await Book.SealAsync(3);
        Assert.Equal("example.com/log-2", (await RestartAsync()).Origin);
        await Book.SealAsync();
        Assert.Equal("example.com/log-3", (await RestartAsync()).Origin);
        await Book.SealAsync();
        Assert.Empty((await Book.VerifyAsync()).Integrity.Faults);
    }

    [ContractFact]
    public async Task a_restart_without_a_reason_a_name_or_a_log_is_refused()
    {
        await using var store = await Book.OpenAsync();
        await using var log = await Book.OpenLogAsync(store);
        Task Restart(string reason, string? origin) => log.Sealer.RestartAsync(reason, "ann", origin, (_, _) => Task.CompletedTask, None);
        await Assert.ThrowsAsync<SealingRefusedException>(() => Restart(" ", null));
        await Assert.ThrowsAsync<SealingRefusedException>(() => Restart("because", "a name with spaces"));
        await Assert.ThrowsAsync<SealingRefusedException>(() => Restart("because", null));
    }

    [ContractFact]
    public async Task rows_of_one_log_are_served_and_proved_as_the_specification_says()
    {
        await Book.AppendAsync(300);
        await Book.SkipPositionAsync();
        await Book.SealAsync(300);
        await using var store = await Book.OpenAsync();
        await using var log = await Book.OpenLogAsync(store);
        var checkpoint = await CheckpointAsync(log);
        var key = Book.Keys.Find()!.Key;
        var rows = await store.Journal.ReadAfterAsync(0, 1_000, long.MaxValue, None);
        foreach (var index in (int[])[0, 255, 256, 299, 300, 599])
        {
            var proof = await log.Reader.ProveAsync(rows[index].Position, None);
            Assert.Equal(index, proof!.Index);
            Assert.True(ProofFile.Parse(proof.ToString()).Proves(RowEntry.Write(rows[index]), key));
        }
        Assert.Null(await log.Reader.ProveAsync(301, None));
        Assert.Null(await log.Reader.ProveAsync(1_000, None));
        Assert.Null(await log.Reader.ProveAsync(0, None));
        var bundle = await log.Reader.ReadAsync("tile/entries/002.p/88", None);
        Assert.Equal(EntryBundle.Of(rows.Skip(512).Select(RowEntry.Write)), bundle!.Content);
        Assert.Equal("application/octet-stream", bundle.ContentType);
        var tile = await log.Reader.ReadAsync("tile/0/002.p/50", None);
        Assert.Equal(50 * TreeHash.Size, tile!.Content.Length);
        Assert.Equal(TileShape.FullBytes, (await log.Reader.ReadAsync("tile/0/001", None))!.Content.Length);
        Assert.Equal(2 * TreeHash.Size, (await log.Reader.ReadAsync("tile/1/000.p/2", None))!.Content.Length);
        foreach (var path in (string[])["tile/0/002", "tile/0/003.p/1", "tile/0/002.p/89", "tile/entries/002.p/89", "tile/2/000.p/1", "tile/9/000", "x"])
        {
            Assert.Null(await log.Reader.ReadAsync(path, None));
        }

        await using var tiles = await LogStore.FindForReadingAsync(Book.Address, None);
        var consistency = await new TreeReader(new StoreTiles(tiles!, 1), 600).ConsistencyAsync(300, None);
        var older = PlainTree.Root([.. rows.Take(300).Select(row => TreeHash.Leaf(RowEntry.Write(row)))]);
        Assert.True(MerkleProof.IsConsistent(300, 600, consistency!, older, checkpoint.Checkpoint.Root));
    }

    [ContractFact]
    public async Task an_entry_that_is_not_what_was_sealed_is_neither_served_nor_proved()
    {
        await Book.SealAsync(300);
        await Book.TamperAsync("UPDATE journal SET created = 1 WHERE ordering = 100");
        await using var store = await Book.OpenAsync();
        await using var log = await Book.OpenLogAsync(store);
        await Assert.ThrowsAsync<LogDamagedException>(() => log.Reader.ReadAsync("tile/entries/000", None));
        await Assert.ThrowsAsync<LogDamagedException>(() => log.Reader.ProveAsync(100, None));
        Assert.NotNull(await log.Reader.ProveAsync(101, None));
    }

    private Task<SealerStatus> NoMemoryAsync() => Book.StatusAsync(status => status.State == SealerState.NoMemory);

    private Task<long> HaltsAsync() =>
        Book.AskLogAsync<long>($"SELECT count(*) FROM {Book.LogSchema}log WHERE halted_reason IS NOT NULL");

    private async Task<LogRecord> RestartAsync()
    {
        await using var store = await Book.OpenAsync();
        await using var log = await Book.OpenLogAsync(store);
        return await log.Sealer.RestartAsync("a rehearsal", "ann", null, (_, _) => Book.AppendAsync(store, 1), None);
    }

    private async Task SignFileAsync(Checkpoint checkpoint)
    {
        var signed = await SignedCheckpoint.SignAsync(checkpoint, Book.Keys.Find()!, None);
        await File.WriteAllTextAsync(Book.CheckpointPath, signed.ToString());
    }

    private static async Task<SignedCheckpoint> CheckpointAsync(TamperEvidentLog log) =>
        SignedCheckpoint.Parse((await log.Reader.ReadAsync("checkpoint", None))!.Content);
}
