using System.Data.Common;
using System.Text.Json;
using Audit.Node.CommandLine.Operating;
using Audit.Node.Tests.Support;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Audit.Node.Tests.Trust;

/// <summary>What the administrator of the database takes out of it: rows before they are sealed, and keys of contents.</summary>
public abstract class LackContract
{
    private protected abstract string Unguard { get; }

    private protected abstract Task<TestNode> StartAsync();

    private protected abstract Task<DbConnection> ConnectAsync(TestNode node);

    [ContractFact]
    public async Task contents_whose_keys_were_deleted_are_not_called_intact_and_are_shown_as_closed()
    {
        await using var node = await StartAsync();
        await RecordSealedAsync(node, "c-1", Records.Completed(output: "secret words"));
        await SetBackStory.UntilReadAsync(node, "c-1");
        Assert.Empty((await OwnVerification.RunAsync(node)).Integrity.Faults);
        await node.StopAsync();
        await RunAsync(node, "DELETE FROM payload_keys WHERE owner LIKE 'notes%'");
        await node.StartAgainAsync();

        var fault = Assert.Single((await OwnVerification.RunAsync(node)).Integrity.Faults);
        Assert.Equal(IntegrityFaultKind.ContentClosed, fault.Kind);
        Assert.Contains("1 row cannot be opened", fault.Sentence);
        var closed = (await node.GetAsync($"/v1/events/{fault.Position}")).Require(200).Json;
        Assert.Contains("payload_keys", closed.Text("unopened"));
        Assert.False(closed.GetProperty("event").TryGetProperty("record", out _));

        // A bundle that is made now says so wherever it is verified.
        var bundle = Path.Combine(node.Data, "bundle.zip");
        await File.WriteAllBytesAsync(bundle, await node.Http.GetByteArrayAsync("/v1/log/bundle"));
        var verified = await LogVerifier.VerifyBundleAsync(bundle, new VerifyOptions(), null, CancellationToken.None);
        Assert.Contains(verified.Integrity.Faults, one => one.Kind == IntegrityFaultKind.ContentClosed);
        Assert.Equal(1, verified.Integrity.Contents!.Closed);
        Assert.Equal(0, verified.Integrity.Contents.WithoutKey);

        // The next row of the session gets a new key, which opens nothing of before.
        await RecordSealedAsync(node, "c-3", Records.Completed());
        Assert.Equal(fault, Assert.Single((await OwnVerification.RunAsync(node)).Integrity.Faults));

        // The head alone carries the lists, the search and the rebuild; a later session is as ever.
        Assert.DoesNotContain("missing", (await node.PostAsync("/v1/projections/rebuild", "{}")).Require(200).Text);
        await RecordSealedAsync(node, "c-2", Records.Completed(), session: "s-2");
        await Patience.UntilAsync(async () => (await node.GetAsync("/v1/sessions/s-2/calls/c-2")).Status == 200, "c-2 is read");
        var call = (await node.GetAsync("/v1/sessions/s-1/calls/c-1")).Require(200).Json;
        Assert.Equal("completed", call.Text("state"));
        Assert.Contains("cannot be opened", call.ToString());
        (await node.GetAsync("/v1/search?q=c-1")).Require(200);
        (await node.GetAsync("/v1/search?q=secret")).Require(200);
        (await node.GetAsync("/v1/sessions/s-1/calls/c-1/events")).Require(200);
    }

    [ContractFact]
    public async Task a_row_deleted_before_it_is_sealed_is_named_for_ever_and_its_call_goes_on()
    {
        await using var node = await StartAsync();
        await RecordSealedAsync(node, "c-0", Records.Completed());
        await node.StopAsync();
        var (key, away) = (node.Options.LogKeyFile, node.Options.LogKeyFile + ".away");
        File.Move(key, away);
        await node.StartAgainAsync();
        foreach (var outcome in new[] { Records.Asked(), Records.Blocked(), Records.Completed(output: "EXFIL"), Records.Blocked("again") })
        {
            await node.RecordAsync(Records.Item("s-1", "c-1", outcome));
        }

        // Were the deleted row the last that somebody had read, the journal would be one that was set back.
        await SetBackStory.UntilAllIsReadAsync(node);
        await node.StopAsync();
        await RunAsync(node, $"{Unguard}; DELETE FROM journal WHERE persistence_id LIKE 'call|%|s-1|c-1' AND sequence_number = 3");
        File.Move(away, key);
        await node.StartAgainAsync();

        var late = (await node.PostAsync(
            "/v1/records?wait=sealed", Records.Item("s-1", "c-1", Records.Completed(), at: "2025-01-02T03:05:06Z"))).Json;
        Assert.True(late.GetProperty("sealed").GetBoolean(), late.ToString());
        Assert.True(late.GetProperty("sequence").GetInt64() >= 5, late.ToString());
        Assert.Contains("the numbers 3 to 3 of the stream are not in the journal", late.Text("error"));
        var fault = Assert.Single((await OwnVerification.RunAsync(node)).Integrity.Faults);
        Assert.Equal(IntegrityFaultKind.NumbersMissing, fault.Kind);
        Assert.Contains("|s-1|c-1 has no number 3", fault.Sentence);
        // A bundle of the session has all of its rows, and so it shows that one is missing; one of a part of it cannot.
        var bundle = Path.Combine(node.Data, "bundle.zip");
        await File.WriteAllBytesAsync(bundle, await node.Http.GetByteArrayAsync("/v1/log/bundle?session=s-1"));
        var verified = await LogVerifier.VerifyBundleAsync(bundle, new VerifyOptions(), null, CancellationToken.None);
        Assert.Contains(verified.Integrity.Faults, one => one.Sentence == fault.Sentence);
        await Patience.UntilAsync(
            async () => (await node.GetAsync("/health/sealing")).Json.GetProperty("unproven").GetInt64() == 1, "it is counted as unproven");
        Assert.NotEqual("halted", (await node.GetAsync("/health/sealing")).Json.Text("status"));
    }

    [ContractFact]
    public async Task a_foreign_row_in_an_empty_stream_is_named_by_the_receipt_of_what_follows()
    {
        await using var node = await StartAsync();
        await RecordSealedAsync(node, "c-1", Records.Completed());
        await RunAsync(
            node,
            "INSERT INTO journal (created, deleted, persistence_id, sequence_number, message, manifest, identifier, writer_uuid) "
            + "SELECT 1, (1 = 0), replace(persistence_id, '|c-1', '|c-9'), 5, message, manifest, identifier, writer_uuid FROM journal "
            + "WHERE persistence_id LIKE 'call|%|c-1'");
        await node.RecordAsync(Records.Item("s-1", "c-9", Records.Asked()));
        await node.RestartAsync();
        var receipt = (await node.RecordAsync(Records.Item("s-1", "c-9", Records.Blocked()))).Require(201).Json;
        Assert.True(receipt.GetProperty("sequence").GetInt64() >= 6);
        Assert.True(receipt.GetProperty("position").GetInt64() > 0);
        Assert.Equal(64, receipt.Text("sha256").Length);
        Assert.Contains("to 4 of the stream are not in the journal", receipt.Text("error"));
    }

    [ContractFact]
    public async Task read_models_that_somebody_changed_are_named_by_verify()
    {
        await using var node = await StartAsync();
        await RecordSealedAsync(node, "c-1", Records.Blocked());
        await node.RecordAsync(Records.Item("s-1", "c-1", Records.Completed()));
        await Patience.UntilAsync(
            async () => (await node.GetAsync("/v1/violations")).Json.GetProperty("items").GetArrayLength() == 1, "the violation is there");
        await node.StopAsync();
        var found = await OwnVerification.RunAsync(node);
        Assert.Empty(await MadeOfIt.CompareAsync(node.Options, found, comparesAll: true, CancellationToken.None));
        Assert.Empty(await MadeOfIt.CompareAsync(node.Options, Large(found), comparesAll: false, CancellationToken.None));

        await RunOnReadsAsync(node, "DELETE FROM {0}violations");
        var all = await MadeOfIt.CompareAsync(node.Options, found, comparesAll: true, CancellationToken.None);
        Assert.Contains("The row of violations", Assert.Single(all).Sentence);
        Assert.Contains("audit rebuild", all[0].Sentence);
        var some = await MadeOfIt.CompareAsync(node.Options, Large(found), comparesAll: false, CancellationToken.None);
        Assert.Contains("c-1", Assert.Single(some).Sentence);
        await node.StartAgainAsync();
    }

    private protected abstract Task RunOnReadsAsync(TestNode node, string sql);

    /// <summary>As of a book that is too large to be compared whole.</summary>
    private static VerificationResult Large(VerificationResult found) =>
        found with { Integrity = found.Integrity with { Rows = long.MaxValue } };

    private protected async Task RunAsync(TestNode node, string sql)
    {
        await using var connection = await ConnectAsync(node);
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync();
    }

    private protected static async Task RecordSealedAsync(TestNode node, string call, string record, string session = "s-1")
    {
        var answer = await node.PostAsync("/v1/records?wait=sealed", Records.Item(session, call, record));
        Assert.True(answer.Require(201).Json.GetProperty("sealed").GetBoolean(), answer.Text);
    }
}

public sealed class SqliteLackTests : LackContract
{
    private protected override string Unguard => "DROP TRIGGER IF EXISTS journal_no_delete";

    private protected override Task<TestNode> StartAsync() => TestNode.StartAsync();

    private protected override Task<DbConnection> ConnectAsync(TestNode node) => OpenAsync(node.StoreFile);

    private protected override async Task RunOnReadsAsync(TestNode node, string sql)
    {
        await using var connection = await OpenAsync(node.StoreFile.Replace(".db", "-read.db"));
        await using var command = connection.CreateCommand();
        command.CommandText = string.Format(sql, "");
        Assert.NotEqual(0, await command.ExecuteNonQueryAsync());
    }

    private static async Task<DbConnection> OpenAsync(string file)
    {
        var connection = new SqliteConnection($"Data Source={file};Pooling=False");
        await connection.OpenAsync();
        return connection;
    }
}

[NeedsPostgres]
public sealed class PostgresLackTests : LackContract, IAsyncLifetime
{
    private PostgresDatabase? database;

    private protected override string Unguard => "ALTER TABLE journal DISABLE TRIGGER USER";

    public async Task InitializeAsync() =>
        database = PostgresServer.Unavailable is null ? await PostgresServer.CreateDatabaseAsync() : null;

    public async Task DisposeAsync() => await (database?.DisposeAsync() ?? ValueTask.CompletedTask);

    [ContractFact]
    public async Task a_position_that_the_sequence_did_not_give_is_refused_and_blinds_nobody()
    {
        await using var node = await StartAsync();
        await RecordSealedAsync(node, "c-1", Records.Completed());
        foreach (var position in new[] { 1_000_000, -5 })
        {
            var refused = await Assert.ThrowsAsync<PostgresException>(() => RunAsync(node, Foreign(position)));
            Assert.Equal("23001", refused.SqlState);
        }

        // Its owner can do it all the same: nobody follows it, and what comes is seen and sealed.
        await RunAsync(node, $"{Unguard}; {Foreign(1_000_000)}; ALTER TABLE journal ENABLE TRIGGER USER");
        await RecordSealedAsync(node, "c-2", Records.Completed());
        await SetBackStory.UntilReadAsync(node, "c-2");
        await node.RestartAsync();
        await RecordSealedAsync(node, "c-3", Records.Completed());
        await SetBackStory.UntilReadAsync(node, "c-3");
        var faults = (await OwnVerification.RunAsync(node)).Integrity.Faults;
        Assert.Equal([IntegrityFaultKind.Unsealed, IntegrityFaultKind.Unproven], faults.Select(fault => fault.Kind));
        Assert.All(faults, fault => Assert.Equal(1_000_000L, fault.Position));
    }

    private static string Foreign(long position) =>
        "INSERT INTO journal (ordering, created, deleted, persistence_id, sequence_number, message, manifest, identifier, writer_uuid) "
        + $"OVERRIDING SYSTEM VALUE SELECT {position}, 1, false, 'call|1|s-1|forged', 1, message, manifest, identifier, writer_uuid "
        + "FROM journal ORDER BY ordering LIMIT 1";

    private protected override Task<TestNode> StartAsync() => TestNode.StartAsync("postgres:" + database!.ConnectionString);

    private protected override async Task<DbConnection> ConnectAsync(TestNode node)
    {
        var connection = new NpgsqlConnection(database!.ConnectionString);
        await connection.OpenAsync();
        return connection;
    }

    private protected override Task RunOnReadsAsync(TestNode node, string sql) =>
        RunAsync(node, string.Format(sql, "audit_read."));
}

/// <summary>What is put back into a table, or taken away beside the journal.</summary>
public sealed class PutBackTests
{
    [Fact]
    public async Task a_browser_session_that_signed_out_does_not_revive_when_its_row_is_put_back()
    {
        await using var node = await TestNode.StartAsync();
        using var browser = await Pages.PageBrowser.SignedInAsync(node, node.AdminToken);
        TokenTable.Run(node.StoreFile, "CREATE TABLE kept AS SELECT * FROM browser_sessions");
        (await browser.GetAsync("/overview")).Require(200);
        var cookies = browser.Cookies.GetAllCookies();
        (await browser.SubmitAsync("/overview", "/sign-out")).Require(303);
        TokenTable.Run(node.StoreFile, "INSERT INTO browser_sessions SELECT * FROM kept");
        await RequireShutAsync(node, cookies);
        await node.RestartAsync();
        await RequireShutAsync(node, cookies);
    }

    [Fact]
    public async Task a_revoked_token_whose_row_was_set_back_is_listed_as_revoked_and_named_by_verify()
    {
        await using var node = await TestNode.StartAsync();
        await node.TokenAsync("ci-7", ["read"]);
        var before = TokenTable.Read(node.StoreFile, "ci-7");
        (await node.Http.DeleteAsync("/v1/tokens/ci-7")).EnsureSuccessStatusCode();
        TokenTable.Put(node.StoreFile, "ci-7", before);
        await node.RestartAsync();
        var listed = (await node.GetAsync("/v1/tokens")).Json.GetProperty("items").EnumerateArray().Single(row => row.Text("name") == "ci-7");
        Assert.Equal(JsonValueKind.String, listed.GetProperty("revoked_at").ValueKind);
        var found = await OwnVerification.RunAsync(node);
        var fault = Assert.Single(await MadeOfIt.CompareAsync(node.Options, found, comparesAll: true, CancellationToken.None));
        Assert.Equal(IntegrityFaultKind.TokensDiffer, fault.Kind);
        Assert.Contains("\"ci-7\" was revoked", fault.Sentence);
    }

    [Fact]
    public async Task a_log_that_was_taken_away_with_all_that_remembers_it_is_begun_anew_for_a_reason_only()
    {
        await using var node = await TestNode.StartAsync();
        await SetBackStory.RecordSealedAsync(node, "c-1");
        await node.StopAsync();
        foreach (var file in Directory.GetFiles(node.Data, "log.*")
            .Concat(Directory.GetFiles(Path.GetDirectoryName(node.StoreFile)!, "journal-*")))
        {
            File.Delete(file);
        }

        await node.StartAgainAsync();
        await Patience.UntilAsync(
            async () => (await node.GetAsync("/health/sealing")).Json.Text("status") == "no_memory", "the node stands by");
        Assert.Contains("was lost, or taken away", (await node.GetAsync("/health/sealing")).Text);
        (await node.RecordAsync(Records.Item("s-1", "c-2", Records.Completed()))).Require(201);
        (await node.PostAsync("/v1/log/restart", """{"reason":"the disk of the log is lost"}""")).Require(201);
        await SetBackStory.RecordSealedAsync(node, "c-3");
        var fault = Assert.Single((await OwnVerification.RunAsync(node)).Integrity.Faults);
        Assert.Equal(IntegrityFaultKind.EarlierLog, fault.Kind);
        Assert.Contains("the disk of the log is lost", fault.Sentence);
        using var browser = await Pages.PageBrowser.SignedInAsync(node, node.AdminToken);
        Assert.Contains("the disk of the log is lost", (await browser.GetAsync("/integrity")).Text);
    }

    private static async Task RequireShutAsync(TestNode node, System.Net.CookieCollection cookies)
    {
        using var copied = new Pages.PageBrowser(node.Url);
        foreach (System.Net.Cookie cookie in cookies)
        {
            copied.Cookies.Add(node.Url, new System.Net.Cookie(cookie.Name, cookie.Value));
        }

        (await copied.GetAsync("/overview")).Require(303);
    }
}
