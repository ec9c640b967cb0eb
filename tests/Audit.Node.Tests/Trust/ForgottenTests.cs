using System.Buffers.Text;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Audit.Integrity.Keeping;
using Audit.Lifecycle.Hashing;
using Audit.Node.Tests.Support;
using Npgsql;
using Xunit.Abstractions;

namespace Audit.Node.Tests.Trust;

/// <summary>
/// What was erased is in no file, comes back from no backup, and is confirmed by no guess, to whoever has the database
/// and all backups and not the data directory; and everything that was proven before is proven still.
/// </summary>
public abstract class ForgottenContract(ITestOutputHelper output)
{
    /// <summary>How many values are tried; once by hand it was 100,000.</summary>
    private static readonly int Guesses =
        int.TryParse(Environment.GetEnvironmentVariable("AUDIT_TEST_GUESSES"), out var given) ? given : 2_000;

    private readonly string mark = Guid.NewGuid().ToString("N");

    private protected abstract Task<TestNode> StartAsync();

    /// <summary>All files of the database, after what an operator has to do there.</summary>
    private protected abstract Task<string> FilesAsync(TestNode node);

    [ContractFact]
    public async Task what_was_erased_is_found_restored_and_guessed_by_nobody()
    {
        await using var node = await StartAsync();
        using var host = node.ClientWith(await node.TokenAsync("host", ["ingest"]));
        using var alice = node.ClientWith(await node.TokenAsync("alice", ["approve"]));
        using var bob = node.ClientWith(await node.TokenAsync("bob", ["approve"]));
        using var carol = node.ClientWith(await node.TokenAsync("carol", ["approve"]));
        var secret = $"{mark}-{Guesses / 3:D6}";
        var position = await SendAsync(host, "c-1", secret);
        var rows = new List<string>();
        foreach (var name in (string[])["first", "second"])
        {
            // Each in places of its own, all of which the book knows.
            rows.Add(Path.Combine(node.Data, name));
            await node.PostAsync("/v1/backups", JsonSerializer.Serialize(new { keys = rows[^1] + "-keys" }));
            await Backup.TakeAsync(node.Options.Store, rows[^1], rows[^1] + "-keys", node.Options.OpenRowKeys(false), null, default);
            await SendAsync(host, "c-" + name, "another");
        }

        await UntilVerifiedAsync(node);
        var (oldBundle, oldCheckpoint) = (Path.Combine(Path.GetTempPath(), mark + ".zip"), await node.Http.GetByteArrayAsync("/checkpoint"));
        await File.WriteAllBytesAsync(oldBundle, await node.Http.GetByteArrayAsync("/v1/log/bundle"));
        var key = await KeyAsync(node);
        await node.UntilReadAsync();
        var before = await FilesAsync(node);
        Assert.NotEmpty(ErasureContract.Holding(before, mark));
        Assert.NotEmpty(ErasureContract.Holding(before, key));

        var path = "/v1/erasures/" + (await PostAsync(
            alice, "/v1/erasures", """{"source":"host","session_id":"s-1","tool_call_id":"c-1","reason":"why"}""")).Require(201).Json.Text("id");
        (await PostAsync(bob, path + "/confirm", "{}")).Require(200);
        (await PostAsync(carol, path + "/confirm", """{"now":true}""")).Require(200);
        await Patience.UntilAsync(async () => (await node.GetAsync(path)).Json.Text("state") == "erased", "it is erased");

        // In no file, no export, not found, and in no bundle.
        Assert.Empty((await node.GetAsync($"/v1/search?q={mark}")).Json.GetProperty("items").EnumerateArray());
        Assert.DoesNotContain(mark, (await node.GetAsync("/v1/export?format=ndjson&keys=true")).Text.Replace($"q={mark}", "", StringComparison.Ordinal)
            .Split('\n').First(row => row.StartsWith($"{{\"position\":{position},", StringComparison.Ordinal)));
        await UntilVerifiedAsync(node);
        var verified = await OwnVerification.RunAsync(node, trust => trust with { Since = SignedCheckpoint.Parse(oldCheckpoint) });
        Assert.Empty(verified.Integrity.Faults);
        var erased = Assert.Single(verified.Integrity.Erased);
        Assert.Equal(("call|host|s-1|c-1", "alice", "bob"), (erased.What, erased.AskedBy, erased.ConfirmedBy));
        Assert.Empty((await LogVerifier.VerifyBundleAsync(oldBundle, new VerifyOptions(), null, default)).Integrity.Faults);
        var newBundle = Path.Combine(node.Data, "new.zip");
        await File.WriteAllBytesAsync(newBundle, await node.Http.GetByteArrayAsync("/v1/log/bundle"));
        Assert.Empty((await LogVerifier.VerifyBundleAsync(newBundle, new VerifyOptions(), null, default)).Integrity.Faults);
        RequireRoot(oldBundle);
        RequireRoot(newBundle);
        File.Delete(oldBundle);

        // All backups with all backups of keys: each comes up, and in none is there anything.
        var attackers = new List<byte[]>();
        foreach (var (from, keys) in rows.SelectMany(from => rows.Select(keys => (from, keys))))
        {
            var address = $"sqlite:{node.Data}/put-back-{Path.GetFileName(from)}-{Path.GetFileName(keys)}/journal.db";
            var restored = await Restore.RunAsync(
                address, from, keys + "-keys", node.Options.OpenRowKeys(false), new VerifyOptions(), null, default);
            // The keys of the earlier run lack what came since.
            Assert.True(restored.Against.Count == 0 || (from == rows[1] && keys == rows[0]));
            await using var book = await StoreMeta.OpenBookAsync(address, node.Options.OpenRowKeys(false), default);
            var row = (await book.Opened.ReadRowAsync(position, default))!;
            Assert.NotNull(row.Unopened);
            Assert.DoesNotContain(mark, Encoding.UTF8.GetString(row.Message));
            attackers.AddRange(await SecretsAsync(book));
        }

        // What a thief of database and backups has to key a hash with; and the same with the key file, to show that it would tell.
        var stored = (await OneRowAsync(node, position)).Message;
        using var head = JsonDocument.Parse(stored);
        var prints = new[] { "input", "result", "dedup", "question" }
            .Select(name => head.RootElement.TryGetProperty(name, out var print) && print.ValueKind == JsonValueKind.String ? print.GetString()! : "")
            .Where(print => print.Length > 0).ToHashSet();
        var candidates = attackers.Concat(attackers.Select(SHA256.HashData)).Where(key => key.Length == 32)
            .DistinctBy(Convert.ToHexString).ToList();
        var hashers = candidates.SelectMany(key => new[] { new RecordHasher(key), new RecordHasher(RowKeys.Of(key).Derive("fingerprints")) }).ToList();
        Assert.NotEmpty(prints);
        Assert.True(candidates.Count > 5, "there is something to try");
        var tried = 0L;
        for (var guess = 0; guess < Guesses; guess++)
        {
            var input = InputOf($"{mark}-{guess:D6}");
            Assert.DoesNotContain(Base64Url.EncodeToString(SHA256.HashData(input).AsSpan(0, 16)), prints);
            foreach (var hasher in hashers)
            {
                Assert.DoesNotContain(TextOf(hasher.OfComparable(input, input.Length)), prints);
                tried++;
            }
        }

        var owner = new RecordHasher(node.Options.OpenRowKeys(false).Derive("fingerprints"));
        var right = Assert.Single(Enumerable.Range(0, Guesses), guess =>
            prints.Contains(TextOf(owner.OfComparable(InputOf($"{mark}-{guess:D6}"), InputOf($"{mark}-{guess:D6}").Length))));
        Assert.Equal(Guesses / 3, right);
        output.WriteLine($"{Guesses} guesses under {hashers.Count} keys, {tried} hashes: none is in the head.");

        var files = await FilesAsync(node);
        await node.StopAsync();
        Assert.Empty(ErasureContract.Holding(node.Data, mark).Concat(ErasureContract.Holding(files, mark)));
        Assert.Empty(ErasureContract.Holding(node.Data, key).Concat(ErasureContract.Holding(files, key)));
    }

    /// <summary>The session's key as it lies in the store, sealed under the key file.</summary>
    private static async Task<byte[]> KeyAsync(TestNode node)
    {
        await using var book = await StoreMeta.OpenBookAsync(node.Options.Store, node.Options.OpenRowKeys(false), default);
        return (await book.Database.ReadAsync(session => session.QueryAsync(
            "SELECT wrapped FROM payload_keys WHERE owner = 'notes|host|s-1'", [], row => row.Blob(0), default), default)).Single();
    }

    private static byte[] InputOf(string value) => Encoding.UTF8.GetBytes($$"""{"command":"{{value}}"}""");

    private static string TextOf(Fingerprint print)
    {
        Span<byte> bytes = stackalloc byte[Fingerprint.Length];
        print.CopyTo(bytes);
        return Base64Url.EncodeToString(bytes);
    }

    private static async Task<long> SendAsync(HttpClient host, string call, string secret) => (await PostAsync(
        host, "/v1/records", Records.Item("s-1", call, Records.Completed(output: secret))
            .Replace("""{"a":1}""", Encoding.UTF8.GetString(InputOf(secret)), StringComparison.Ordinal)))
        .Require(201).Json.GetProperty("position").GetInt64();

    private static async Task<JournalRow> OneRowAsync(TestNode node, long position)
    {
        await using var book = await StoreMeta.OpenBookAsync(node.Options.Store, node.Options.OpenRowKeys(false), default);
        var row = (await book.Opened.ReadRowAsync(position, default))!;
        return row with { Message = row.Stored ?? row.Message };
    }

    /// <summary>All that lies in the tables beside the rows, of which none is a key.</summary>
    private static async Task<List<byte[]>> SecretsAsync(ReadBook book)
    {
        var found = new List<byte[]>();
        foreach (var sql in (string[])["SELECT value FROM meta", "SELECT wrapped FROM payload_keys WHERE wrapped IS NOT NULL", "SELECT sha256 FROM tokens"])
        {
            found.AddRange(await book.Database.ReadAsync(session => session.QueryAsync(sql, [], row => row.Blob(0), default), default));
        }

        return [.. found.SelectMany(blob => blob.Length < 32 ? [blob] : new[] { blob, blob[..32], blob[^32..] })];
    }

    private static async Task UntilVerifiedAsync(TestNode node) => await Patience.UntilAsync(
        async () => (await OwnVerification.RunAsync(node)).Integrity is { Faults.Count: 0, UnsealedRows: 0 }, "all is sealed and verified");

    /// <summary>
    /// What a stranger does with a bundle, who has its description alone: the root of RFC 6962 over the entries is the one
    /// that was signed.
    /// </summary>
    private static void RequireRoot(string bundle)
    {
        using var files = ZipFile.OpenRead(bundle);
        var leaves = new List<byte[]>();
        foreach (var entry in files.Entries.Where(one => one.FullName.StartsWith("tile/entries/", StringComparison.Ordinal)))
        {
            using var content = new MemoryStream();
            using (var open = entry.Open())
            {
                open.CopyTo(content);
            }

            var rest = content.GetBuffer().AsSpan(0, (int)content.Length);
            while (!rest.IsEmpty)
            {
                var length = (rest[0] << 8) | rest[1];
                leaves.Add(SHA256.HashData([0, .. rest.Slice(2, length)]));
                rest = rest[(2 + length)..];
            }
        }

        using var checkpoint = new StreamReader(files.GetEntry("checkpoint")!.Open());
        var lines = checkpoint.ReadToEnd().Split('\n');
        Assert.Equal(lines[1], leaves.Count.ToString(System.Globalization.CultureInfo.InvariantCulture));
        Assert.Equal(lines[2], Convert.ToBase64String(RootOf(leaves)));
    }

    private static byte[] RootOf(List<byte[]> leaves)
    {
        if (leaves.Count == 1)
        {
            return leaves[0];
        }

        var half = 1;
        while (half * 2 < leaves.Count)
        {
            half *= 2;
        }

        return SHA256.HashData([1, .. RootOf(leaves[..half]), .. RootOf(leaves[half..])]);
    }

    private static Task<Answer> PostAsync(HttpClient client, string path, string body) =>
        client.AnswerAsync(HttpMethod.Post, path, Encoding.UTF8.GetBytes(body), "application/json", null);
}

public sealed class SqliteForgottenTests(ITestOutputHelper output) : ForgottenContract(output)
{
    private protected override Task<TestNode> StartAsync() => TestNode.StartAsync();

    private protected override Task<string> FilesAsync(TestNode node) => Task.FromResult(Path.GetDirectoryName(node.StoreFile)!);
}

[NeedsPostgres]
public sealed class PostgresForgottenTests(ITestOutputHelper output) : ForgottenContract(output), IAsyncLifetime
{
    private ThrowawayCluster? cluster;

    public async Task InitializeAsync() =>
        cluster = PostgresServer.Unavailable is not null ? null : await PostgresServer.StartOwnAsync();

    public async Task DisposeAsync() => await (cluster?.DisposeAsync() ?? ValueTask.CompletedTask);

    private string Address => new NpgsqlConnectionStringBuilder(cluster!.ConnectionString) { Database = "postgres" }.ConnectionString;

    private protected override Task<TestNode> StartAsync() => TestNode.StartAsync("postgres:" + Address);

    // Of the whole cluster, with its write-ahead log: what docs/keeping.md tells an operator to do.
    private protected override async Task<string> FilesAsync(TestNode node)
    {
        foreach (var sql in (string[])["ALTER SYSTEM SET wal_recycle = off", "SELECT pg_reload_conf()", "CHECKPOINT", "SELECT pg_switch_wal()", "CHECKPOINT", "SELECT pg_switch_wal()", "CHECKPOINT"])
        {
            await PostgresServer.ExecuteAsync(Address, sql);
        }

        return cluster!.Data;
    }
}
