using System.Formats.Tar;
using System.IO.Compression;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Audit.Hammer.Nodes;

namespace Audit.Fault.Tests;

/// <summary>
/// The directories of nodes of each schema, from row version 2 on, as they were left by the program of that time: with
/// `items.ndjson`, what was sent to it, and `receipts.ndjson`, what it acknowledged. A store of PostgreSQL is `store.sql`,
/// which `pg_dump --inserts` wrote.
/// </summary>
public sealed class UpgradeTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();

    public static TheoryData<string> OnSqlite => [.. Names.Where(name => !IsOfPostgres(name))];

    public static TheoryData<string> OnPostgres => [.. Names.Where(IsOfPostgres)];

    private static IEnumerable<string> Names =>
        new DirectoryInfo(Path.Combine(AppContext.BaseDirectory, "Stores")).EnumerateFiles().Select(file => file.Name);

    [Theory]
    [MemberData(nameof(OnSqlite))]
    public async Task a_store_of_an_older_program_keeps_its_promises_and_goes_on(string name)
    {
        var data = await UnpackAsync(name);
        await RequireGoingOnAsync(data, "sqlite:" + Path.Combine(data, "journal.db"));
    }

    [PostgresTheory]
    [MemberData(nameof(OnPostgres))]
    public async Task a_database_of_an_older_program_keeps_its_promises_and_goes_on(string name)
    {
        var data = await UnpackAsync(name);
        await using var database = await PostgresServer.CreateDatabaseAsync();
        await PostgresServer.ExecuteAsync(
            database.ConnectionString, await File.ReadAllTextAsync(Path.Combine(data, "store.sql")));
        await RequireGoingOnAsync(data, "postgres:" + database.ConnectionString);
    }

    private static bool IsOfPostgres(string name) => name.Contains(".postgres.", StringComparison.Ordinal);

    /// <returns>The data directory that the node of then left.</returns>
    private async Task<string> UnpackAsync(string name)
    {
        var data = directory.File("data");
        Directory.CreateDirectory(data);
        await using var packed = File.OpenRead(Path.Combine(AppContext.BaseDirectory, "Stores", name));
        await using var tar = new GZipStream(packed, CompressionMode.Decompress);
        await TarFile.ExtractToDirectoryAsync(tar, data, overwriteFiles: true);
        return data;
    }

    private static async Task RequireGoingOnAsync(string data, string store)
    {
        var sent = await File.ReadAllLinesAsync(Path.Combine(data, "items.ndjson"));
        var given = await File.ReadAllLinesAsync(Path.Combine(data, "receipts.ndjson"));
        await using var node = new ArenaNode(
            data, store, Path.Combine(data, "row.key"), Defect.None);
        await node.StartAsync();
        using var http = new HttpClient { BaseAddress = node.Url };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", node.Process!.Token);

        var again = await PostAsync(http, string.Join('\n', sent));
        Assert.All(again, receipt => Assert.Equal("duplicate", receipt.GetProperty("status").GetString()));
        Assert.Equal(
            given.Select(line => PositionOf(JsonDocument.Parse(line).RootElement)),
            again.Take(given.Length).Select(PositionOf));
        var more = await PostAsync(http, sent[0].Replace("call-0", "call-new").Replace("m-0-0", "m-new"));
        Assert.Equal("recorded", Assert.Single(more).GetProperty("status").GetString());
        Assert.Equal(0, await node.TerminateAsync());

        using var verify = NodeProcess.Start(
            Path.Combine(AppContext.BaseDirectory, "audit.dll"), data, ["verify", "--data", data, "--store", store]);
        var printed = await verify.StandardOutput.ReadToEndAsync();
        await verify.WaitForExitAsync();
        Assert.True(verify.ExitCode == 0, printed);
    }

    public void Dispose() => directory.Dispose();

    private static long PositionOf(JsonElement receipt) => receipt.GetProperty("position").GetInt64();

    private static async Task<JsonElement[]> PostAsync(HttpClient http, string lines)
    {
        using var answer = await http.PostAsync(
            "/v1/records", new StringContent(lines, Encoding.UTF8, "application/x-ndjson"));
        var text = await answer.Content.ReadAsStringAsync();
        return [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonDocument.Parse(line).RootElement)];
    }
}
