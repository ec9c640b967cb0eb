using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;
using Audit.Hammer.Nodes;
using Npgsql;
using Xunit.Abstractions;

namespace Audit.Fault.Tests;

/// <summary>
/// A killed process has lost nothing that it gave to the system, so that no kill shows whether a commit waits for the
/// disk. That is counted: receipts that waited for each other cannot be fewer than the syncs of the journal.
/// </summary>
public sealed class DurabilityTests(ITestOutputHelper output)
{
    private const int Receipts = 30;

    [TracedFact]
    public async Task each_receipt_of_sqlite_waits_for_a_sync_of_the_journal()
    {
        using var directory = new TemporaryDirectory();
        await using var arena = await Arena.StartAsync("sqlite", new ArenaNeeds());
        var traced = directory.File("trace");
        using var strace = Process.Start(new ProcessStartInfo(
            "strace", ["-f", "-y", "-e", "trace=fsync,fdatasync", "-o", traced, "-p", $"{arena.Nodes[0].Process!.Id}"])
        {
            RedirectStandardError = true,
        })!;
        // It says so when it is attached.
        await strace.StandardError.ReadLineAsync();
        await PostAsync(arena);
        using (var end = Process.Start("kill", ["-INT", $"{strace.Id}"]))
        {
            await end.WaitForExitAsync();
        }

        await strace.WaitForExitAsync();
        var syncs = File.ReadLines(traced).Count(line => line.Contains("journal.db-wal", StringComparison.Ordinal));
        output.WriteLine($"{syncs} syncs for {Receipts} receipts");
        Assert.True(syncs >= Receipts, $"{syncs} syncs for {Receipts} receipts");
    }

    [PostgresFact]
    public async Task each_receipt_of_postgresql_waits_for_a_sync_of_its_log()
    {
        await using var arena = await Arena.StartAsync("postgres", new ArenaNeeds());
        var before = await SyncsAsync(arena);
        await PostAsync(arena);
        // A session adds its counts to those of all with the first commit after a second.
        await Task.Delay(TimeSpan.FromSeconds(1.2));
        await PostAsync(arena, receipts: 1);
        var syncs = await SyncsAsync(arena) - before;
        output.WriteLine($"{syncs} syncs for {Receipts} receipts");
        Assert.True(syncs >= Receipts, $"{syncs} syncs for {Receipts} receipts");
    }

    private static async Task PostAsync(Arena arena, int receipts = Receipts)
    {
        using var http = new HttpClient { BaseAddress = arena.Nodes[0].Url };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", arena.Token);
        for (var number = 0; number < receipts; number++)
        {
            var item = $$$"""
                {"session_id":"s","record":{"tool_call_id":"c-{{{receipts}}}-{{{number}}}","tool_name":"bash","tier":"Observe","turn":1,"requested_input":{},"effective_input":{},"outcome":{"kind":"requested"},"recorded_at":"2026-11-20T14:00:00Z"}}
                """;
            using var answer = await http.PostAsync(
                "/v1/records", new StringContent(item, Encoding.UTF8, "application/json"));
            Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        }
    }

    /// <summary>How often the server brought its log to the disk.</summary>
    private static async Task<long> SyncsAsync(Arena arena)
    {
        var settings = new NpgsqlConnectionStringBuilder(arena.Cluster!.ConnectionString) { Pooling = false };
        await using var connection = new NpgsqlConnection(settings.ConnectionString);
        await connection.OpenAsync();
        await using var version = new NpgsqlCommand("SHOW server_version_num", connection);
        var isNew = int.Parse((string)(await version.ExecuteScalarAsync())!) >= 180_000;
        var sql = isNew
            ? "SELECT sum(fsyncs)::bigint FROM pg_stat_io WHERE object = 'wal'"
            : "SELECT wal_sync FROM pg_stat_wal";
        await using var command = new NpgsqlCommand(sql, connection);
        return (long)(await command.ExecuteScalarAsync())!;
    }
}

/// <summary>A fact that looks at the system calls of a node, skipped with the reason where that cannot be.</summary>
public sealed class TracedFactAttribute : FactAttribute
{
    public TracedFactAttribute() => Skip = Reason;

    private static string? Reason { get; } = Try();

    private static string? Try()
    {
        try
        {
            using var sleeper = Process.Start("sleep", ["30"]);
            using var strace = Process.Start(new ProcessStartInfo("strace", ["-p", $"{sleeper.Id}"])
            {
                RedirectStandardError = true,
            })!;
            var first = strace.StandardError.ReadLine() ?? "";
            sleeper.Kill();
            strace.WaitForExit();
            return first.Contains("attached", StringComparison.Ordinal) ? null : $"strace may not look: {first}";
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return "strace is not installed";
        }
    }
}
