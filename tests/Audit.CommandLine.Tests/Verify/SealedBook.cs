using System.Diagnostics;
using System.Text.Json;
using Microsoft.Data.Sqlite;

namespace Audit.CommandLine.Tests.Verify;

/// <summary>A data directory that a node has written to, sealed, and left, or that one is still at work on.</summary>
internal sealed class SealedBook : IAsyncDisposable
{
    private readonly TemporaryDirectory directory = new();
    private string? store;
    private RunningNode? node;

    public Uri Url => new(node!.Urls[0]);

    public string TokenFile => directory.File("admin.token");

    public string Store => store ?? "sqlite:" + directory.File("journal.db");

    public string Key => File.ReadAllText(directory.File("log.key.pub")).TrimEnd('\n');

    public string PathOf(string name) => directory.File(name);

    public static SealedBook On(string store) => new() { store = store };

    /// <summary>Starts a node and has it take in lines, all of them sealed.</summary>
    public static async Task<SealedBook> StartAsync(params string[] lines)
    {
        var book = new SealedBook();
        await book.RunNodeAsync();
        await book.SendAsync(lines);
        return book;
    }

    /// <summary>The same, and the node has stopped.</summary>
    public static async Task<SealedBook> LeftAsync(params string[] lines)
    {
        var book = await StartAsync(lines);
        await book.StopNodeAsync();
        return book;
    }

    public async Task RunNodeAsync() => node = await NodeHost.StartAsync(
        new NodeOptions { Store = Store, Data = directory.Path, Urls = "http://127.0.0.1:0", LogOrigin = "example.com/log" },
        new NodeSeams { SealInterval = TimeSpan.FromMilliseconds(20), SealPatience = TimeSpan.FromMilliseconds(100) },
        CancellationToken.None);

    public async Task StopNodeAsync()
    {
        await node!.DisposeAsync();
        node = null;
    }

    public async Task SendAsync(params string[] lines)
    {
        using var client = new HttpClient { BaseAddress = Url };
        client.DefaultRequestHeaders.Authorization = new("Bearer", (await File.ReadAllTextAsync(TokenFile)).Trim());
        // A receipt waits for its seal for some time only; who asks again goes on waiting.
        for (var clock = Stopwatch.StartNew(); ; )
        {
            using var body = new StringContent(Records.Lines(lines), null, "application/x-ndjson");
            using var answer = await client.PostAsync(new Uri("/v1/records?wait=sealed", UriKind.Relative), body);
            var receipts = (await answer.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal(lines.Length, receipts.Length);
            if (receipts.All(receipt => JsonDocument.Parse(receipt).RootElement.GetProperty("sealed").GetBoolean()))
            {
                break;
            }

            Assert.True(clock.Elapsed < TimeSpan.FromMinutes(3), receipts[^1]);
        }

        // The read models gather what they take in: a test that changes a row changes one that they have read.
        for (var clock = Stopwatch.StartNew(); ; await Task.Delay(10))
        {
            using var stats = JsonDocument.Parse(await client.GetStringAsync(new Uri("/v1/stats", UriKind.Relative)));
            long At(string reader) => stats.RootElement.GetProperty(reader).GetProperty("position").GetInt64();
            if (At("projections") >= At("journal"))
            {
                return;
            }

            Assert.True(clock.Elapsed < TimeSpan.FromMinutes(3), "The read models did not follow.");
        }
    }

    /// <summary>Changes one byte of a row's message, as somebody with all rights on the file can.</summary>
    public void ChangeByte(long position)
    {
        using var connection = new SqliteConnection($"Data Source={directory.File("journal.db")};Pooling=False");
        connection.Open();
        using var command = new SqliteCommand(
            """
            DROP TRIGGER journal_no_update;
            UPDATE journal SET message = CAST(replace(CAST(message AS TEXT), '"turn":1', '"turn":2') AS BLOB) WHERE ordering = @position;
            """,
            connection);
        command.Parameters.AddWithValue("@position", position);
        Assert.Equal(1, command.ExecuteNonQuery());
    }

    /// <summary>All rows as they lie in the file, a text each; none where it cannot be read.</summary>
    public IReadOnlyList<string> Rows()
    {
        try
        {
            using var connection = new SqliteConnection($"Data Source={directory.File("journal.db")};Pooling=False");
            connection.Open();
            using var command = new SqliteCommand(
                "SELECT ordering, persistence_id, sequence_number, created, manifest, hex(message) FROM journal ORDER BY 1", connection);
            using var reader = command.ExecuteReader();
            var rows = new List<string>();
            while (reader.Read())
            {
                var values = new object[reader.FieldCount];
                reader.GetValues(values);
                rows.Add(string.Join('|', values));
            }

            return rows;
        }
        catch (SqliteException)
        {
            return [];
        }
    }

    public Task<CommandResult> RunAsync(params string[] args) => InProcess.RunAsync([.. args, "--data", directory.Path]);

    /// <summary>Verifies and returns what was said in JSON.</summary>
    public async Task<JsonElement> VerifyAsync(int exitCode, params string[] args)
    {
        var result = (await RunAsync(["verify", "-o", "json", .. args])).Require(exitCode);
        return JsonDocument.Parse(result.Out).RootElement;
    }

    /// <summary>Keeps the checkpoint of now, as an auditor does.</summary>
    public string KeepCheckpoint(string name)
    {
        File.Copy(PathOf("log.checkpoint"), PathOf(name));
        return PathOf(name);
    }

    public async ValueTask DisposeAsync()
    {
        if (node is not null)
        {
            await node.DisposeAsync();
        }

        directory.Dispose();
    }
}
