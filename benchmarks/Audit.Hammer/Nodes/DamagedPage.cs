using System.Buffers.Binary;
using System.Data.Common;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Audit.Hammer.Nodes;

/// <summary>
/// A page in the middle of the journal's table that nobody can read, and what a client is shown of that: what lies
/// before, and then the place, never a connection that is reset.
/// </summary>
internal sealed class DamagedPage
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly string file;
    private readonly long offset;
    private readonly byte[] content;
    private readonly long before;
    private readonly string stream;
    private readonly long position;

    /// <param name="first">The first position on the page.</param>
    private DamagedPage(string file, long offset, int size, DbConnection open, long first)
    {
        (this.file, this.offset) = (file, offset);
        content = Read(file, offset, size);
        before = (long)Ask(open, $"SELECT max(ordering) FROM journal WHERE ordering < {first}");
        const string OfCall = "persistence_id LIKE 'call|%' ORDER BY ordering LIMIT 1";
        stream = (string)Ask(open, $"SELECT persistence_id FROM journal WHERE ordering >= {first} AND {OfCall}");
        position = (long)Ask(open, $"SELECT ordering FROM journal WHERE ordering >= {first} AND {OfCall}");
    }

    private const string Damaged = "damaged next to position ";

    private string Place => $"{Damaged}{before}";

    public static async Task StrikeAsync(Strike strike)
    {
        var (arena, node) = (strike.Arena, strike.Arena.Nodes[0]);
        strike.Note();
        strike.Crowd.Drain();
        await node.KillAsync();
        var page = arena.Cluster is null
            ? OfSqlite(Path.Combine(node.Data, "journal.db"))
            : await OfPostgresAsync(arena);
        await page.WriteAsync(arena, [.. Enumerable.Repeat((byte)0xFF, page.content.Length)]);
        try
        {
            await page.LookAsync(strike, node);
        }
        finally
        {
            // Whatever went wrong, what was acknowledged is there again.
            await node.KillAsync();
            await page.WriteAsync(arena, page.content);
        }

        await node.StartAsync();
    }

    private async Task LookAsync(Strike strike, ArenaNode node)
    {
        await node.StartAsync(until: "/health/live");
        try
        {
            await LookAsync(strike);
        }
        catch (Exception reset) when (reset is HttpRequestException or IOException or OperationCanceledException)
        {
            strike.Ledger.Fail($"a connection was cut, or nothing came, at a damaged page: {reset.Message}");
        }

        await node.KillAsync();
        if (await strike.Arena.VerifyAsync() is not (4, _) and var verdict)
        {
            strike.Ledger.Fail(
                $"audit verify ended with {verdict.Code} over a damaged page {Place}: {verdict.Printed}");
        }
    }

    private async Task LookAsync(Strike strike)
    {
        using var http = strike.Arena.NewClient();
        await RequireListEndsAsync(strike, http);
        foreach (var (path, type) in new[]
        {
            ("/v1/events", "application/x-ndjson"), ("/v1/export?format=ndjson", "*/*"),
            ("/v1/export?format=csv", "*/*"),
        })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            request.Headers.Accept.ParseAdd(type);
            using var answer = await http.SendAsync(request);
            var last = (await answer.Content.ReadAsStringAsync()).TrimEnd().Split('\n')[^1];
            Require(strike, last.Contains(Place, StringComparison.Ordinal), path, last);
        }

        await RequireProblemAsync(strike, http, "/v1/export?format=session", Place);
        var names = stream.Split('|', 4);
        var call = $"/v1/sessions/{Uri.EscapeDataString(names[2])}/calls/{Uri.EscapeDataString(names[3])}";
        foreach (var path in new[] { $"/v1/events/{position}", $"/v1/proofs/{position}/row", call + "/events" })
        {
            await RequireProblemAsync(strike, http, path, Damaged);
        }

        await RequireBundleSaysAsync(strike, http);
        await LookEverywhereAsync(strike, http, names[2], call);
        var ready = "";
        for (var clock = System.Diagnostics.Stopwatch.StartNew(); clock.Elapsed < Patience; await Task.Delay(50))
        {
            using var answer = await http.GetAsync("/health/ready");
            ready = await answer.Content.ReadAsStringAsync();
            using var json = JsonDocument.Parse(ready);
            if ((int)answer.StatusCode == 503 && json.RootElement.TryGetProperty("journal", out var journal)
                && journal.GetProperty("status").GetString() == "damaged"
                && journal.GetProperty("reason").GetString() is { Length: > 0 })
            {
                return;
            }
        }

        strike.Ledger.Fail($"a node with a damaged page is ready, or not ready without the reason: {ready}");
    }

    /// <summary>What needs the page is a problem that names it, and all else is served.</summary>
    private async Task LookEverywhereAsync(Strike strike, HttpClient http, string session, string call)
    {
        var of = $"/v1/sessions/{Uri.EscapeDataString(session)}";
        foreach (var path in new[]
        {
            call, $"{call}?at={position}", $"{call}?at={before}", $"{call}/decision", of, $"{of}?at={position}",
            $"{of}/calls", $"/v1/events/{position}/raw", $"/v1/proofs/{position}", "/v1/sessions", "/v1/tasks",
            "/v1/windows", "/v1/violations", "/v1/search?q=bash", $"/v1/search?q=bash+session:{session}",
            $"/v1/search?q=bash&at={position}", "/v1/search/values?key=tool", "/v1/log", "/checkpoint", "/tile/0/000",
            "/tile/entries/000", "/v1/stats", "/metrics", "/v1/tokens", "/v1/sources", "/health/sealing",
        })
        {
            using var answer = await http.GetAsync(path);
            var text = await answer.Content.ReadAsStringAsync();
            Require(
                strike, (int)answer.StatusCode < 500 || text.Contains(Damaged, StringComparison.Ordinal), path, text);
        }

        using var again = await http.PostAsync("/v1/records", new StringContent(
            HostCrowd.TextOf(session, Uri.UnescapeDataString(call.Split('/')[^1])), Encoding.UTF8, "application/json"));
        var receipt = await again.Content.ReadAsStringAsync();
        Require(strike, (int)again.StatusCode == 503, "POST /v1/records", receipt);
    }

    private static async Task RequireBundleSaysAsync(Strike strike, HttpClient http)
    {
        const string Path = "/v1/log/bundle";
        using var bundle = new MemoryStream(await http.GetByteArrayAsync(Path));
        using var files = new ZipArchive(bundle);
        using var stopped = files.GetEntry("STOPPED.txt")?.Open() ?? Stream.Null;
        using var reader = new StreamReader(stopped);
        var why = await reader.ReadToEndAsync();
        Require(strike, why.Contains(Damaged, StringComparison.Ordinal), Path, why);
    }

    /// <summary>Pages are given up to the place, and the next one is a problem.</summary>
    private async Task RequireListEndsAsync(Strike strike, HttpClient http)
    {
        var cursor = "";
        while (true)
        {
            var path = "/v1/events?limit=1000" + (cursor.Length == 0 ? "" : $"&cursor={Uri.EscapeDataString(cursor)}");
            using var answer = await http.GetAsync(path);
            if (!answer.IsSuccessStatusCode)
            {
                var problem = await answer.Content.ReadAsStringAsync();
                Require(
                    strike, (int)answer.StatusCode == 503 && problem.Contains(Place, StringComparison.Ordinal), path,
                    problem);
                return;
            }

            using var page = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
            if (page.RootElement.GetProperty("next").GetString() is not { } next)
            {
                strike.Ledger.Fail($"/v1/events passes over a page that is {Place}");
                return;
            }

            cursor = next;
        }
    }

    private static async Task RequireProblemAsync(Strike strike, HttpClient http, string path, string says)
    {
        using var answer = await http.GetAsync(path);
        var problem = await answer.Content.ReadAsStringAsync();
        Require(
            strike, (int)answer.StatusCode == 503 && problem.Contains(says, StringComparison.Ordinal), path, problem);
    }

    private static void Require(Strike strike, bool isSo, string path, string shown)
    {
        if (!isSo)
        {
            strike.Ledger.Fail($"{path} does not name the place of a damaged page: {shown}");
        }
    }

    /// <summary>Nothing is in memory, or in a log that is played back, when the page is written.</summary>
    private async Task WriteAsync(Arena arena, byte[] bytes)
    {
        if (arena.Cluster is null)
        {
            // What is in the file's log goes before the file.
            SettleSqlite(file).Dispose();
            Write(bytes);
            return;
        }

        using (var open = await OpenAsync(arena))
        {
            Ask(open, "CHECKPOINT");
        }

        arena.Cluster.Kill();
        Write(bytes);
        await arena.Cluster.StartAgainAsync();
    }

    private void Write(byte[] bytes)
    {
        using var handle = File.OpenHandle(file, FileMode.Open, FileAccess.Write);
        RandomAccess.Write(handle, bytes, offset);
    }

    private static byte[] Read(string file, long offset, int size)
    {
        var bytes = new byte[size];
        using var handle = File.OpenHandle(file, share: FileShare.ReadWrite);
        RandomAccess.Read(handle, bytes, offset);
        return bytes;
    }

    private static SqliteConnection SettleSqlite(string file)
    {
        var open = new SqliteConnection($"Data Source={file};Pooling=False");
        open.Open();
        // As a node that ended in good order leaves it: without its log, one that is in use is taken for a torn copy.
        Ask(open, $"PRAGMA application_id = {0x41554443}");
        Ask(open, "PRAGMA wal_checkpoint(TRUNCATE)");
        return open;
    }

    /// <summary>A leaf of the table, which is a tree of pages that the row's number leads through.</summary>
    private static DamagedPage OfSqlite(string file)
    {
        using var open = SettleSqlite(file);
        var size = (int)(long)Ask(open, "PRAGMA page_size");
        var number = (long)Ask(open, "SELECT rootpage FROM sqlite_master WHERE name = 'journal'");
        while (true)
        {
            var (offset, page) = ((number - 1) * size, Read(file, (number - 1) * size, size));
            var cells = BinaryPrimitives.ReadUInt16BigEndian(page.AsSpan(3));
            if (page[0] == 0x05)
            {
                var middle = BinaryPrimitives.ReadUInt16BigEndian(page.AsSpan(12 + (2 * (cells / 2))));
                number = BinaryPrimitives.ReadUInt32BigEndian(page.AsSpan(middle));
                continue;
            }

            var first = page.AsSpan(BinaryPrimitives.ReadUInt16BigEndian(page.AsSpan(8)));
            Number(ref first);
            return new DamagedPage(file, offset, size, open, Number(ref first));
        }
    }

    private static async Task<DamagedPage> OfPostgresAsync(Arena arena)
    {
        const int Size = 8192;
        using var open = await OpenAsync(arena);
        Ask(open, "CHECKPOINT");
        var file = Path.Combine(
            (string)Ask(open, "SHOW data_directory"), (string)Ask(open, "SELECT pg_relation_filepath('journal')"));
        var block = (long)Ask(open, $"SELECT pg_relation_size('journal') / {Size} / 2");
        var first = (long)Ask(
            open, $"SELECT min(ordering) FROM journal WHERE ctid >= '({block},0)' AND ctid < '({block + 1},0)'");
        return new DamagedPage(file, block * Size, Size, open, first);
    }

    private static async Task<NpgsqlConnection> OpenAsync(Arena arena)
    {
        var settings = new NpgsqlConnectionStringBuilder(arena.Store["postgres:".Length..]) { Pooling = false };
        var open = new NpgsqlConnection(settings.ConnectionString);
        await open.OpenAsync();
        return open;
    }

    private static object Ask(DbConnection open, string sql)
    {
        using var command = open.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar() ?? "";
    }

    private static long Number(ref Span<byte> bytes)
    {
        var number = 0L;
        for (var index = 0; ; index++)
        {
            number = (number << 7) | (long)(bytes[index] & 0x7F);
            if (bytes[index] < 0x80)
            {
                bytes = bytes[(index + 1)..];
                return number;
            }
        }
    }
}
