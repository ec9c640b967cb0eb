using Microsoft.Data.Sqlite;
using System.Diagnostics;
using System.Text.Json;

namespace Audit.CommandLine.Tests.Reading;

public sealed class TailRestartTests : IDisposable
{
    private const int Wanted = 12;

    private readonly TemporaryDirectory directory = new();

    [Fact]
    public async Task a_tail_goes_on_over_a_killed_node_without_loss_or_repetition()
    {
        var data = directory.File("data");
        await using var first = await AuditProgram.ServeAsync(data);
        var url = first.Url.ToString();
        using var tail = AuditProgram.Start(
            directory.Path, ["tail", "--after", "0", "-o", "ndjson", "--server", url, "--token-file", Path.Combine(data, "admin.token")]);
        try
        {
            var seen = new List<long> { await NextAsync(tail) };
            await IngestAsync(data, "before");
            await first.KillAsync();
            await using var second = await AuditProgram.ServeAtAsync(url.TrimEnd('/'), data);
            await IngestAsync(data, "after");
            while (seen.Count < Wanted)
            {
                seen.Add(await NextAsync(tail));
            }

            Assert.Equal(FirstOf(Path.Combine(data, "journal.db")), seen);
        }
        finally
        {
            tail.Kill();
        }
    }

    public void Dispose() => directory.Dispose();

    /// <summary>The positions that a tail shows: all but those of the diary of reads.</summary>
    private static List<long> FirstOf(string journal)
    {
        using var connection = new SqliteConnection($"Data Source={journal};Mode=ReadOnly;Pooling=False");
        connection.Open();
        using var command = new SqliteCommand(
            $"SELECT ordering FROM journal WHERE persistence_id NOT LIKE 'reader|%' ORDER BY ordering LIMIT {Wanted}", connection);
        using var rows = command.ExecuteReader();
        var positions = new List<long>();
        while (rows.Read())
        {
            positions.Add(rows.GetInt64(0));
        }

        return positions;
    }

    private static async Task<long> NextAsync(Process tail)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        var line = await tail.StandardOutput.ReadLineAsync(patience.Token);
        return JsonDocument.Parse(line!).RootElement.GetProperty("position").GetInt64();
    }

    private async Task IngestAsync(string data, string session)
    {
        var file = directory.File($"{session}.jsonl");
        await File.WriteAllTextAsync(file, Records.Lines(Records.Items(session, calls: 4)));
        (await InProcess.RunAsync("ingest", file, "--data", data)).Require(ExitCode.Fine);
    }
}
