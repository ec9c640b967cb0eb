using Audit.Integrity.Tests.Support;

namespace Audit.Integrity.Tests.Verification;

/// <summary>What somebody with all rights on the database may do, and how it is found.</summary>
public abstract class TamperMatrix : BookTests
{
    private const int Rows = 700;

    /// <summary>In the middle of the second bundle.</summary>
    private const long Victim = 400;

    [ContractFact]
    public async Task a_journal_that_nobody_touched_is_intact()
    {
        await BeginAsync();
        var integrity = (await Book.VerifyAsync()).Integrity;
        Assert.Empty(integrity.Faults);
        Assert.Equal((Rows, Rows, 0), (integrity.Rows, integrity.Size, integrity.UnsealedRows));
        Assert.Equal(KeyTrust.DataDirectory, integrity.KeyTrust);
    }

    [ContractFact]
    public async Task one_byte_of_a_message_changed_is_found()
    {
        await BeginAsync();
        await ChangeMessageAsync(Victim);
        await AssertFoundAsync(IntegrityFaultKind.RowChanged, Victim);
    }

    [ContractFact]
    public async Task the_time_of_a_row_changed_is_found()
    {
        await BeginAsync();
        await Book.TamperAsync($"UPDATE journal SET created = created + 1 WHERE ordering = {Victim}");
        await AssertFoundAsync(IntegrityFaultKind.RowChanged, Victim);
    }

    [ContractFact]
    public async Task a_row_marked_deleted_is_found()
    {
        await BeginAsync();
        await Book.TamperAsync($"UPDATE journal SET deleted = (1 = 1) WHERE ordering = {Victim}");
        var verdict = await AssertFoundAsync(IntegrityFaultKind.RowDeleted, Victim);
        Assert.Single(verdict.Integrity.Faults);
    }

    [ContractFact]
    public async Task a_row_that_is_marked_deleted_before_it_is_sealed_is_found_all_the_same()
    {
        await BeginAsync();
        await Book.AppendAsync(1);
        await Book.TamperAsync($"UPDATE journal SET deleted = (1 = 1) WHERE ordering = {Rows + 1}");
        await Book.SealAsync();
        await AssertFoundAsync(IntegrityFaultKind.RowDeleted, Rows + 1);
    }

    [ContractFact]
    public async Task a_foreign_identifier_that_the_log_did_not_record_is_found()
    {
        await BeginAsync();
        await Book.TamperAsync($"UPDATE journal SET identifier = 4 WHERE ordering = {Victim}");
        var verdict = await AssertFoundAsync(IntegrityFaultKind.RowChanged, Victim);
        Assert.Contains("identifier", verdict.Integrity.Faults[0].Sentence, StringComparison.Ordinal);
    }

    [ContractFact]
    public async Task a_foreign_identifier_that_the_log_recorded_is_counted_and_no_fault()
    {
        await BeginAsync();
        await Book.AppendAsync(1);
        await Book.TamperAsync($"UPDATE journal SET identifier = 4 WHERE ordering = {Rows + 1}");
        await Book.SealAsync();
        var integrity = (await Book.VerifyAsync()).Integrity;
        Assert.True(integrity.IsIntact);
        Assert.Equal(1, integrity.ForeignRows);
    }

    [ContractFact]
    public async Task a_manifest_changed_is_found()
    {
        await BeginAsync();
        await Book.TamperAsync($"UPDATE journal SET manifest = 'call.violated.v2' WHERE ordering = {Victim}");
        await AssertFoundAsync(IntegrityFaultKind.RowChanged, Victim);
    }

    [ContractFact]
    public async Task a_row_removed_is_found()
    {
        await BeginAsync();
        await Book.TamperAsync($"DELETE FROM journal WHERE ordering = {Victim}");
        await AssertFoundAsync(IntegrityFaultKind.RowsMissing, Victim);
    }

    [ContractFact]
    public async Task many_rows_removed_are_found()
    {
        await BeginAsync();
        await Book.TamperAsync($"DELETE FROM journal WHERE ordering BETWEEN {Victim} AND {Victim + 99}");
        var verdict = await AssertFoundAsync(IntegrityFaultKind.RowsMissing, Victim);
        Assert.Equal(Victim + 99, verdict.Integrity.Faults[0].LastPosition);
    }

    [ContractFact]
    public async Task the_first_row_removed_is_found()
    {
        await BeginAsync();
        await Book.TamperAsync("DELETE FROM journal WHERE ordering = 1");
        await AssertFoundAsync(IntegrityFaultKind.RowsMissing, 1);
    }

    [ContractFact]
    public async Task two_rows_swapped_are_found()
    {
        await BeginAsync();
        await Book.TamperAsync($"UPDATE journal SET ordering = 1000000 WHERE ordering = {Victim}");
        await Book.TamperAsync($"UPDATE journal SET ordering = {Victim} WHERE ordering = {Victim + 1}");
        await Book.TamperAsync($"UPDATE journal SET ordering = {Victim + 1} WHERE ordering = 1000000");
        await AssertFoundAsync(IntegrityFaultKind.RowChanged, Victim);
    }

    [ContractFact]
    public async Task a_row_inserted_into_a_gap_is_found()
    {
        await Book.AppendAsync((int)Victim - 1);
        await Book.SkipPositionAsync();
        await Book.AppendAsync(Rows - (int)Victim);
        await Book.SealAsync();
        await InsertAsync(Victim);
        await AssertFoundAsync(IntegrityFaultKind.RowsInserted, Victim);
    }

    [ContractFact]
    public async Task a_row_and_its_leaf_changed_together_are_found_in_their_bundle()
    {
        await BeginAsync();
        await ChangeMessageAsync(Victim);
        await WriteLeafAsync(Victim);
        var verdict = await AssertFoundAsync(IntegrityFaultKind.Rewritten, 257);
        Assert.Equal(512, verdict.Integrity.Faults[0].LastPosition);
    }

    [ContractFact]
    public async Task a_row_and_all_hashes_above_it_changed_together_are_found_between_the_checkpoints_that_tell()
    {
        await Book.SealAsync(300);
        await Book.AppendAsync(Rows - 300);
        await Book.SealAsync();
        await ChangeMessageAsync(Victim);
        await WriteLeafAsync(Victim);
        await WriteParentAsync((Victim - 1) / TileShape.Width);
        var verdict = await AssertFoundAsync(IntegrityFaultKind.Rewritten, 257);
        Assert.Equal(Rows, verdict.Integrity.Faults[0].LastPosition);
    }

    [ContractFact]
    public async Task the_tail_cut_off_is_found_by_verification_and_by_the_sealer()
    {
        await BeginAsync();
        await Book.TamperAsync("DELETE FROM journal WHERE ordering > 650");
        await AssertFoundAsync(IntegrityFaultKind.RowsMissing, 651);
        var status = await Book.HaltedAsync();
        Assert.Equal(Rows, status.Position);
        Assert.Contains("not there", status.Reason, StringComparison.Ordinal);
    }

    [ContractFact]
    public async Task the_tail_cut_off_and_written_anew_is_found_by_verification_and_by_the_sealer()
    {
        await BeginAsync();
        await Book.TamperAsync("DELETE FROM journal WHERE ordering > 650");
        await InsertAsync(Enumerable.Range(651, Rows - 650 + 10).Select(position => (long)position));
        await AssertFoundAsync(IntegrityFaultKind.RowChanged, 651);
        Assert.Equal(Rows, (await Book.HaltedAsync()).Position);
    }

    [ContractFact]
    public async Task the_last_sealed_row_changed_is_seen_by_the_sealer()
    {
        await BeginAsync();
        await ChangeMessageAsync(Rows);
        Assert.Equal(Rows, (await Book.HaltedAsync()).Position);
        await AssertFoundAsync(IntegrityFaultKind.RowChanged, Rows);
    }

    [ContractFact]
    public async Task a_leaf_edited_in_its_tile_is_found_and_the_row_is_cleared()
    {
        await BeginAsync();
        await EditTileAsync(0, (Victim - 1) / TileShape.Width, (int)((Victim - 1) % TileShape.Width));
        var verdict = await AssertFoundAsync(IntegrityFaultKind.TileChanged, Victim);
        Assert.Contains("the row is as it was sealed", verdict.Integrity.Faults[0].Sentence, StringComparison.Ordinal);
    }

    [ContractFact]
    public async Task a_hash_edited_in_a_higher_tile_is_found_with_the_positions_below_it()
    {
        await BeginAsync();
        await EditTileAsync(1, 0, 1);
        var verdict = await AssertFoundAsync(IntegrityFaultKind.TileChanged, 257);
        Assert.Equal(512, verdict.Integrity.Faults[0].LastPosition);
        Assert.True((await Book.HaltedAsync()).IsHalted);
    }

    [ContractFact]
    public async Task a_tile_removed_is_found()
    {
        await BeginAsync();
        await Book.TamperLogAsync($"DELETE FROM {Book.LogSchema}tile WHERE level = 0 AND number = 1");
        await AssertFoundAsync(IntegrityFaultKind.TileChanged, 257);
    }

    [ContractFact]
    public async Task a_checkpoint_from_another_key_is_found_by_verification_and_by_the_sealer()
    {
        await BeginAsync();
        var note = await Book.AskLogAsync<string>($"SELECT note FROM {Book.LogSchema}checkpoint WHERE size = {Rows}");
        var forger = Ed25519Signer.Generate("example.com/log");
        var forged = await SignedCheckpoint.SignAsync(
            SignedCheckpoint.Parse(note).Checkpoint, forger, CancellationToken.None);
        await Book.TamperLogAsync(
            $"UPDATE {Book.LogSchema}checkpoint SET note = @note WHERE size = {Rows}", ("note", forged.ToString()));
        await Book.TamperLogAsync($"UPDATE {Book.LogSchema}log SET verifier_key = @key", ("key", forger.Key.ToString()));
        var verdict = await Book.VerifyAsync();
        Assert.Equal(IntegrityFaultKind.NotSigned, verdict.Integrity.Faults[0].Kind);
        Assert.Contains($"{Rows} entries", verdict.Integrity.Faults[0].Sentence, StringComparison.Ordinal);
        Assert.Equal(SealerState.Elsewhere, (await Book.StatusAsync(status => status.State == SealerState.Elsewhere)).State);
    }

    [ContractFact]
    public async Task a_checkpoint_that_the_logs_own_key_did_not_sign_halts_the_sealer()
    {
        await BeginAsync();
        var note = await Book.AskLogAsync<string>($"SELECT note FROM {Book.LogSchema}checkpoint WHERE size = {Rows}");
        var other = Ed25519Signer.Generate("example.com/log");
        var forged = await SignedCheckpoint.SignAsync(SignedCheckpoint.Parse(note).Checkpoint, other, CancellationToken.None);
        await Book.TamperLogAsync(
            $"UPDATE {Book.LogSchema}checkpoint SET note = @note WHERE size = {Rows}", ("note", forged.ToString()));
        Assert.Contains("not signed", (await Book.HaltedAsync()).Reason, StringComparison.Ordinal);
    }

    [ContractFact]
    public async Task an_old_checkpoint_replayed_is_found_by_what_the_node_and_the_auditor_remember()
    {
        await BeginAsync();
        var old = await Book.AskLogAsync<string>($"SELECT note FROM {Book.LogSchema}checkpoint WHERE size = {Rows}");
        await Book.SealAsync(100);
        var newest = SignedCheckpoint.Parse(await File.ReadAllTextAsync(Book.CheckpointPath));
        await Book.TamperLogAsync($"DELETE FROM {Book.LogSchema}checkpoint");
        await Book.TamperLogAsync(
            $"INSERT INTO {Book.LogSchema}checkpoint VALUES (1, {Rows}, {Rows}, @note, 0)", ("note", old));
        await AssertSetBackAsync(Book.Trust);
        await AssertSetBackAsync(new VerifyOptions { Since = newest });
        Assert.True((await Book.VerifyAsync(new VerifyOptions())).Integrity.IsIntact);
        // The rows are all there, so the log comes to the same root again, and nothing is lost.
        await Book.SealAsync();
        Assert.True((await Book.VerifyAsync()).Integrity.IsIntact);
    }

    [ContractFact]
    public async Task a_kept_checkpoint_that_was_forged_is_found()
    {
        await Book.SealAsync(300);
        await Book.SealAsync(300);
        var note = await Book.AskLogAsync<string>($"SELECT note FROM {Book.LogSchema}checkpoint WHERE size = 300");
        var forged = note.Replace(note.Split('\n')[2], Convert.ToBase64String(new byte[32]));
        await Book.TamperLogAsync(
            $"UPDATE {Book.LogSchema}checkpoint SET note = @note WHERE size = 300", ("note", forged));
        Assert.Equal(IntegrityFaultKind.NotSigned, Assert.Single((await Book.VerifyAsync()).Integrity.Faults).Kind);
    }

    [ContractFact]
    public async Task rows_that_are_not_sealed_yet_are_counted_and_no_fault()
    {
        await BeginAsync();
        await Book.AppendAsync(5);
        var integrity = (await Book.VerifyAsync()).Integrity;
        Assert.True(integrity.IsIntact);
        Assert.Equal(5, integrity.UnsealedRows);
    }

    [ContractFact]
    public async Task a_store_that_was_never_sealed_fails()
    {
        await Book.AppendAsync(5);
        Assert.Equal(IntegrityFaultKind.NoLog, Assert.Single((await Book.VerifyAsync(new VerifyOptions())).Integrity.Faults).Kind);
    }

    [ContractFact]
    public async Task all_rows_removed_are_found()
    {
        await BeginAsync();
        await Book.TamperAsync("DELETE FROM journal");
        await AssertFoundAsync(IntegrityFaultKind.RowsMissing, 1);
    }

    [ContractFact]
    public async Task the_log_continues_a_checkpoint_that_was_kept_and_not_one_of_another_history()
    {
        await BeginAsync();
        var kept = SignedCheckpoint.Parse(await File.ReadAllTextAsync(Book.CheckpointPath));
        await Book.SealAsync(100);
        var good = await Book.VerifyAsync(Book.Trust with { Since = kept });
        Assert.True(good.Integrity.IsIntact);
        Assert.Equal(Rows, good.Integrity.ContinuesSize);
        var other = await SignedCheckpoint.SignAsync(
            kept.Checkpoint with { Root = new byte[32] }, Book.Keys.Find()!, CancellationToken.None);
        await AssertSetBackAsync(new VerifyOptions { Since = other });
    }

    [ContractFact]
    public async Task a_trusted_key_counts_more_than_any_other()
    {
        await BeginAsync();
        var stranger = Ed25519Signer.Generate("example.com/log").Key;
        var wrong = (await Book.VerifyAsync(new VerifyOptions { TrustedKey = stranger })).Integrity;
        Assert.Equal(IntegrityFaultKind.NotSigned, Assert.Single(wrong.Faults).Kind);
        var right = (await Book.VerifyAsync(new VerifyOptions { TrustedKey = Book.Keys.Find()!.Key })).Integrity;
        Assert.True(right.IsIntact);
        Assert.Equal(KeyTrust.Given, right.KeyTrust);
        Assert.Equal(KeyTrust.Enclosed, (await Book.VerifyAsync(new VerifyOptions())).Integrity.KeyTrust);
    }

    [ContractFact]
    public async Task a_store_can_be_verified_while_a_node_has_it()
    {
        await using var store = await Book.OpenAsync();
        await using var log = await Book.OpenLogAsync(store);
        log.Sealer.Start();
        await Book.AppendAsync(store, Rows);
        Assert.True(await Book.SealedAsync(log, store));
        for (var i = 0; i < 10; i++)
        {
            await Book.AppendAsync(store, 100);
            Assert.Empty((await Book.VerifyAsync()).Integrity.Faults);
        }
    }

    private async Task BeginAsync()
    {
        await Book.SealAsync(Rows);
    }

    protected async Task<VerificationResult> AssertFoundAsync(IntegrityFaultKind kind, long position)
    {
        var verdict = await Book.VerifyAsync();
        Assert.False(verdict.Integrity.IsIntact);
        Assert.Equal((kind, position), (verdict.Integrity.Faults[0].Kind, verdict.Integrity.Faults[0].Position));
        Assert.Equal(position, verdict.Integrity.FirstBadPosition);
        return verdict;
    }

    private async Task AssertSetBackAsync(VerifyOptions options) =>
        Assert.Contains((await Book.VerifyAsync(options)).Integrity.Faults, fault => fault.Kind == IntegrityFaultKind.SetBack);

    private async Task ChangeMessageAsync(long position)
    {
        var message = await Book.AskAsync<byte[]>($"SELECT message FROM journal WHERE ordering = {position}");
        message[^5] ^= 1;
        await Book.TamperAsync($"UPDATE journal SET message = @message WHERE ordering = {position}", ("message", message));
    }

    private Task InsertAsync(long position) => InsertAsync([position]);

    private Task InsertAsync(IEnumerable<long> positions) => Book.TamperAsync(
        Book.InsertSql + "VALUES "
        + string.Join(", ", positions.Select(at => $"({at}, 1, (1 = 0), 'forged-{at}', 1, @message, 'call.transitioned.v2', 7401, 'w')")),
        ("message", "{}"u8.ToArray()));

    private async Task WriteLeafAsync(long position)
    {
        await using var store = await Book.OpenAsync();
        var leaf = new byte[TreeHash.Size];
        RowEntry.HashLeaf((await store.Journal.ReadRowAsync(position, CancellationToken.None))!, leaf);
        var index = position - 1;
        await ChangeTileAsync(0, index / TileShape.Width, tile => leaf.CopyTo(tile, (int)(index % TileShape.Width) * TreeHash.Size));
    }

    private async Task WriteParentAsync(long number)
    {
        var tile = await TileAsync(0, number);
        var hash = new byte[TreeHash.Size];
        TreeHash.Perfect(tile, hash);
        await ChangeTileAsync(1, 0, parent => hash.CopyTo(parent, (int)number * TreeHash.Size));
    }

    private Task EditTileAsync(int level, long number, int hash) =>
        ChangeTileAsync(level, number, tile => tile[hash * TreeHash.Size] ^= 1);

    private async Task ChangeTileAsync(int level, long number, Action<byte[]> change)
    {
        var tile = await TileAsync(level, number);
        change(tile);
        await Book.TamperLogAsync(
            $"UPDATE {Book.LogSchema}tile SET hashes = @hashes WHERE level = {level} AND number = {number}", ("hashes", tile));
    }

    private Task<byte[]> TileAsync(int level, long number) =>
        Book.AskLogAsync<byte[]>($"SELECT hashes FROM {Book.LogSchema}tile WHERE level = {level} AND number = {number}");
}
