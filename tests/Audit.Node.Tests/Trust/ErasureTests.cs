using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Audit.Integrity.Keeping;
using Audit.Node.Tests.Support;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Audit.Node.Tests.Trust;

/// <summary>What two persons had erased is read by nobody any more, and everything else stands.</summary>
public abstract class ErasureContract
{
    private readonly string word = $"zanzibar{Guid.NewGuid():N}";

    // What was searched for stands in the diary of reads, so that it is searched by another one.
    private readonly string beside = $"pemba{Guid.NewGuid():N}";

    private protected abstract Task<TestNode> StartAsync();

    /// <summary>Where the store's files are.</summary>
    private protected abstract Task<string> PlaceAsync(TestNode node);

    [ContractFact]
    public async Task a_session_is_erased_by_two_persons_and_its_words_are_in_no_file()
    {
        await using var node = await StartAsync();
        using var host = node.ClientWith(await node.TokenAsync("host", ["ingest"]));
        using var alice = node.ClientWith(await node.TokenAsync("alice", ["approve", "read"]));
        using var bob = node.ClientWith(await node.TokenAsync("bob", ["approve"]));
        using var carol = node.ClientWith(await node.TokenAsync("carol", ["approve"]));
        using var dora = node.ClientWith(await node.TokenAsync("dora", ["admin"]));
        using var erin = node.ClientWith(await node.TokenAsync("erin", ["admin"]));
        var (noKeys, oldKeys) = (Path.Combine(node.Data, "keys-of-nothing"), Path.Combine(node.Data, "keys-of-before"));
        await Backup.TakeAsync(node.Options.Store, Path.Combine(node.Data, "nothing"), noKeys, node.Options.OpenRowKeys(false), null, default);
        var record = Records.Item("s-1", "c-1", Records.Completed(output: $"{beside} {word}"));
        var position = (await PostAsync(host, "/v1/records", record)).Require(201).Json.GetProperty("position").GetInt64();
        await PostAsync(host, "/v1/records", Records.Item("s-2", "c-2", Records.Completed(output: "other")));
        await UntilFoundAsync(node, 1);
        var keys = Directory.CreateDirectory(Path.Combine(node.Data, "keys")).FullName;
        var taken = await Backup.TakeAsync(node.Options.Store, Path.Combine(node.Data, "rows"), keys, node.Options.OpenRowKeys(false), null, default);
        await node.PostAsync("/v1/backups", JsonSerializer.Serialize(
            new { id = taken.Id, last_position = taken.LastPosition, rows = taken.Rows, to = "elsewhere", keys }));
        Assert.Contains("notes|host|s-1", Unpacked(keys));
        Assert.True(await IsIndexedAsync(node, word), "what is looked for is found where it is");

        // Nor before somebody looked at what was refused.
        const string Refused = """{"source":"host","session_id":"s-3","reason":"why"}""";
        await PostAsync(host, "/v1/records", Records.Item("s-3", "c-3", Records.Blocked()));
        await PostAsync(host, "/v1/records", Records.Item("s-3", "c-3", Records.Completed()));
        await Patience.UntilAsync(
            async () => (await node.GetAsync("/v1/violations")).Json.GetProperty("items").GetArrayLength() == 1, "it is a violation");
        Assert.Contains("wait for review", (await PostAsync(alice, "/v1/erasures", Refused)).Problem(409).ToString());

        // While a hold stands nobody erases.
        const string Order = """{"source":"host","session_id":"s-1","reason":"she asked for it"}""";
        var hold = (await PostAsync(alice, "/v1/holds", """{"source":"host","reason":"a lawsuit"}""")).Require(201).Json.Text("id");
        Assert.Contains("a lawsuit", (await PostAsync(alice, "/v1/erasures", Order)).Problem(409).ToString());
        (await PostAsync(alice, $"/v1/holds/{hold}/lift", """{"reason":"over"}""")).Problem(403);
        (await PostAsync(erin, $"/v1/holds/{hold}/lift", """{"reason":"over"}""")).Require(200);
        (await PostAsync(erin, $"/v1/holds/{hold}/lift", """{"reason":"over"}""")).Problem(403);
        Assert.Equal("lifted", (await PostAsync(dora, $"/v1/holds/{hold}/lift", "{}")).Require(200).Json.Text("state"));

        await Backup.TakeAsync(node.Options.Store, Path.Combine(node.Data, "nothing"), oldKeys, node.Options.OpenRowKeys(false), null, default);
        (await PostAsync(alice, "/v1/erasures", """{"source":"host","session_id":"nothing","reason":"why"}""")).Problem(404);
        var asked = (await PostAsync(alice, "/v1/erasures", Order)).Require(201).Json;
        var path = $"/v1/erasures/{asked.Text("id")}/confirm";
        (await PostAsync(alice, path, "{}")).Problem(403);
        Assert.StartsWith("due ", (await PostAsync(bob, path, "{}")).Require(200).Json.Text("state"));
        (await PostAsync(bob, path, """{"now":true}""")).Problem(403);
        (await PostAsync(carol, path, """{"now":true}""")).Require(200);
        await Patience.UntilAsync(
            async () => (await node.GetAsync("/v1/erasures")).Json.GetProperty("items")[0].Text("state") == "erased", "it is erased");

        await UntilFoundAsync(node, 0);
        await Patience.UntilAsync(async () => this is SqliteErasureTests || !await IsIndexedAsync(node, word), "the index forgot it");
        Assert.Contains("alice", Unpacked(keys));
        Assert.Contains("notes|host|s-2", Unpacked(keys));
        var read = (await node.GetAsync($"/v1/events/{position}")).Require(200);
        Assert.DoesNotContain(word, read.Text);
        Assert.DoesNotContain(word, (await node.GetAsync("/v1/export?format=ndjson&keys=true")).Text);
        var verified = (await OwnVerification.RunAsync(node)).Integrity;
        Assert.Empty(verified.Faults);
        var erased = Assert.Single(verified.Erased);
        Assert.Equal(("notes|host|s-1", "alice", "bob", 1L), (erased.Owner, erased.AskedBy, erased.ConfirmedBy, erased.Rows));
        var bundle = Path.Combine(node.Data, "bundle.zip");
        await File.WriteAllBytesAsync(bundle, await node.Http.GetByteArrayAsync("/v1/log/bundle"));
        Assert.Empty((await LogVerifier.VerifyBundleAsync(bundle, new VerifyOptions(), null, CancellationToken.None)).Integrity.Faults);
        File.Delete(bundle);

        // The same again is known, and brings nothing back.
        Assert.Equal("duplicate", (await PostAsync(host, "/v1/records", record)).Json.Text("status"));
        Assert.Equal("completed", (await node.GetAsync("/v1/sessions/s-1/calls/c-1?source=host")).Require(200).Json.Text("state"));
        // Nor does a backup from before, put back with the keys of now: the book of then is to say that it was erased.
        var restored = await RestoreAsync(node, keys, "restored");
        Assert.Empty(restored.Against);
        Assert.Equal("notes|host|s-1", Assert.Single(restored.Erased).Owner);
        // Of nothing else may the key be missing.
        using (File.Open(Path.Combine(noKeys, "backup.lock"), FileMode.Open, FileAccess.ReadWrite, FileShare.None))
        {
            Assert.False(KeyBackup.TryForget(noKeys, [erased], () => [], node.Options.OpenRowKeys(false)));
        }

        Assert.True(KeyBackup.TryForget(noKeys, [erased], () => [], node.Options.OpenRowKeys(false)));
        Assert.Contains(
            (await RestoreAsync(node, noKeys, "lost")).Against, fault => fault.Kind == IntegrityFaultKind.ContentClosed);
        // Nor do the rows of now, put back with the keys of before.
        await Backup.TakeAsync(node.Options.Store, Path.Combine(node.Data, "rows"), null, node.Options.OpenRowKeys(false), null, default);
        restored = await RestoreAsync(node, oldKeys, "again");
        Assert.Empty(restored.Against);
        Assert.Empty(restored.Erased);
        Assert.Equal(1, Assert.Single(restored.Verdict.Integrity.Erased).Rows);
        Assert.Equal("notes|host|s-1", await EndedAsync($"{node.Data}/again/journal.db"));
        var place = await PlaceAsync(node);
        await node.StopAsync();
        Assert.Empty(Holding(node.Data).Concat(Holding(place)));
        await node.StartAgainAsync();
        Assert.Equal("completed", (await node.GetAsync("/v1/sessions/s-1/calls/c-1?source=host")).Require(200).Json.Text("state"));
        await UntilFoundAsync(node, 0);
    }

    [ContractFact]
    public async Task nobody_erases_or_lifts_a_hold_with_tokens_that_he_made_himself()
    {
        await using var node = await StartAsync();
        using var host = node.ClientWith(await node.TokenAsync("host", ["ingest"]));
        using var eve = node.ClientWith(await node.TokenAsync("eve", ["admin", "approve"]));
        using var bob = node.ClientWith(await node.TokenAsync("bob", ["approve"]));
        using var erin = node.ClientWith(await node.TokenAsync("erin", ["admin"]));
        using var mallory = node.ClientWith(await MadeByAsync(eve, "mallory"));
        using var trudy = node.ClientWith(await MadeByAsync(mallory, "trudy"));
        await PostAsync(host, "/v1/records", Records.Item("s-1", "c-1", Records.Completed()));
        await PostAsync(host, "/v1/records", Records.Item("s-2", "c-2", Records.Completed()));

        // A hold: neither by whom he made, nor by who made him, nor where the first administrator asked.
        var first = await LiftAskedAsync(node, eve);
        (await PostAsync(mallory, first, "{}")).Problem(403);
        (await PostAsync(trudy, first, "{}")).Problem(403);
        (await PostAsync(erin, first, "{}")).Require(200);
        (await PostAsync(eve, await LiftAskedAsync(node, trudy), "{}")).Problem(403);
        (await PostAsync(erin, await LiftAskedAsync(node, node.Http), "{}")).Problem(403);

        // An erasure: who asked, and who confirmed, are both looked at before it is hastened.
        var asked = await AskedAsync(eve, "s-1");
        Assert.Contains("nobody who made the token", (await PostAsync(mallory, asked, "{}")).Problem(403).ToString());
        (await PostAsync(bob, asked, "{}")).Require(200);
        (await PostAsync(trudy, asked, """{"now":true}""")).Problem(403);
        asked = await AskedAsync(bob, "s-2");
        (await PostAsync(mallory, asked, "{}")).Require(200);
        (await PostAsync(trudy, asked, """{"now":true}""")).Problem(403);
        (await PostAsync(eve, asked, """{"now":true}""")).Problem(403);
        // Nor with two of three tokens that one person made, or with one that was made for it.
        using var zoe = node.ClientWith(await MadeByAsync(eve, "zoe"));
        asked = await AskedAsync(mallory, "s-1");
        (await PostAsync(zoe, asked, "{}")).Problem(403);
        using var late = node.ClientWith(await node.TokenAsync("late", ["approve"]));
        Assert.Contains("before it was asked for", (await PostAsync(late, asked, "{}")).Problem(403).ToString());
        (await PostAsync(bob, asked, "{}")).Require(200);
        Assert.Contains("\"token_maker\":\"admin\"", (await node.GetAsync("/v1/export?format=ndjson")).Text.Split('\n')
            .Last(row => row.Contains("erasure.confirmed")));
        asked = await AskedAsync(node.Http, "s-1");
        (await PostAsync(bob, asked, "{}")).Problem(403);
    }

    private static Task<Restored> RestoreAsync(TestNode node, string keys, string name) => Restore.RunAsync(
        $"sqlite:{node.Data}/{name}/journal.db", Path.Combine(node.Data, "rows"), keys, node.Options.OpenRowKeys(false),
        new VerifyOptions(), null, CancellationToken.None);

    /// <summary>The only owner whose key was ended.</summary>
    private static async Task<string?> EndedAsync(string file)
    {
        await using var connection = new SqliteConnection($"Data Source={file};Pooling=False");
        await connection.OpenAsync();
        await using var ask = connection.CreateCommand();
        ask.CommandText = "SELECT group_concat(owner) FROM payload_keys WHERE wrapped IS NULL";
        return await ask.ExecuteScalarAsync() as string;
    }

    private static async Task<string> MadeByAsync(HttpClient maker, string name) => (await PostAsync(
        maker, "/v1/tokens", JsonSerializer.Serialize(new { name, roles = (string[])["admin", "approve"] }))).Require(201).Json.Text("token")!;

    private static async Task<string> AskedAsync(HttpClient asker, string session) => "/v1/erasures/" + (await PostAsync(
        asker, "/v1/erasures", JsonSerializer.Serialize(new { source = "host", session_id = session, reason = "why" })))
        .Require(201).Json.Text("id") + "/confirm";

    /// <summary>A hold on another source, by the first administrator, of which somebody asks that it be lifted.</summary>
    private static async Task<string> LiftAskedAsync(TestNode node, HttpClient asker)
    {
        var hold = (await node.PostAsync("/v1/holds", """{"source":"other","reason":"a lawsuit"}""")).Require(201).Json.Text("id");
        (await PostAsync(asker, $"/v1/holds/{hold}/lift", """{"reason":"over"}""")).Require(200);
        return $"/v1/holds/{hold}/lift";
    }

    private static Task<Answer> PostAsync(HttpClient client, string path, string body) =>
        client.AnswerAsync(HttpMethod.Post, path, Encoding.UTF8.GetBytes(body), "application/json", null);

    private Task UntilFoundAsync(TestNode node, int count) => Patience.UntilAsync(
        async () => (await node.GetAsync($"/v1/search?q={beside}")).Json.GetProperty("items").GetArrayLength() == count,
        $"{count} calls are found");

    private static string Unpacked(string keys)
    {
        using var file = new GZipStream(File.OpenRead(Path.Combine(keys, Backup.KeysFile)), CompressionMode.Decompress);
        using var content = new MemoryStream();
        file.CopyTo(content);
        return Encoding.Latin1.GetString(content.ToArray());
    }

    /// <summary>Whether the word lies in the clear where it is to be found.</summary>
    private protected abstract Task<bool> IsIndexedAsync(TestNode node, string searched);

    /// <summary>The files that have the word.</summary>
    private protected List<string> Holding(string place) => Holding(place, word);

    internal static List<string> Holding(string place, string word) => Holding(place, Encoding.UTF8.GetBytes(word));

    internal static List<string> Holding(string place, byte[] bytes) =>
    [
        .. Directory.EnumerateFiles(place, "*", SearchOption.AllDirectories).Where(file =>
        {
            try
            {
                using var open = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
                using var content = new MemoryStream();
                open.CopyTo(content);
                return content.GetBuffer().AsSpan(0, (int)content.Length).IndexOf(bytes) >= 0;
            }
            catch (IOException) when (!File.Exists(file) || file.EndsWith(".lock", StringComparison.Ordinal))
            {
                // The server had done with it, or it is the node's hold of its store, which has nothing in it.
                return false;
            }
        }),
    ];
}

public sealed class SqliteErasureTests : ErasureContract
{
    private protected override Task<TestNode> StartAsync() => TestNode.StartAsync();

    private protected override Task<string> PlaceAsync(TestNode node) =>
        Task.FromResult(Path.GetDirectoryName(node.StoreFile)!);

    private protected override async Task<bool> IsIndexedAsync(TestNode node, string searched) =>
        Holding(await PlaceAsync(node), searched).Count > 0;
}

[NeedsPostgres]
public sealed class PostgresErasureTests : ErasureContract, IAsyncLifetime
{
    private PostgresDatabase? database;

    public async Task InitializeAsync() =>
        database = PostgresServer.Unavailable is null ? await PostgresServer.CreateDatabaseAsync() : null;

    public async Task DisposeAsync() => await (database?.DisposeAsync() ?? ValueTask.CompletedTask);

    [ContractFact]
    public async Task a_key_without_an_erasure_in_the_book_is_not_ended()
    {
        await using var node = await StartAsync();
        await using var connection = await database!.ConnectAsync();
        await using var end = new NpgsqlCommand("SELECT journal_end_key(owner) FROM payload_keys LIMIT 1", connection);
        Assert.Equal("23001", (await Assert.ThrowsAsync<PostgresException>(end.ExecuteNonQueryAsync)).SqlState);
    }

    private protected override Task<TestNode> StartAsync() => TestNode.StartAsync("postgres:" + database!.ConnectionString);

    // The index is in no write-ahead log, and in no file until the server ends.
    private protected override async Task<bool> IsIndexedAsync(TestNode node, string searched)
    {
        await using var connection = await database!.ConnectAsync();
        await using var ask = new NpgsqlCommand($"SELECT count(*) FROM audit_search.docs WHERE words::text LIKE '%{searched}%'", connection);
        return (long)(await ask.ExecuteScalarAsync())! > 0;
    }

    // The files of this database alone: the server's write-ahead log is another matter, and docs/keeping.md says so.
    private protected override async Task<string> PlaceAsync(TestNode node)
    {
        await using var connection = await database!.ConnectAsync();
        await using var checkpoint = new NpgsqlCommand("CHECKPOINT", connection);
        await checkpoint.ExecuteNonQueryAsync();
        await using var ask = new NpgsqlCommand(
            "SELECT current_setting('data_directory') || '/base/' || oid FROM pg_database WHERE datname = current_database()", connection);
        return (string)(await ask.ExecuteScalarAsync())!;
    }
}
