using System.Diagnostics;
using Audit.Load.Stores;
using Audit.Load.Workloads;
using Audit.Storage.Sqlite;
using Npgsql;

namespace Audit.Load.Subjects;

/// <summary>
/// All of a book archived and cut, beside a node that goes on taking in: how long that takes, what is left of the
/// journal, and what it costs the intake, against the same without it before and after.
/// </summary>
internal sealed class Retention(string? program) : IMeasured
{
    private const int RecordsBeside = 30_000, LongestRunRecords = 300_000;

    private readonly string program = program ?? Path.Combine(AppContext.BaseDirectory, "audit.dll");

    public string Name => Names.Retention;

    public async Task<Sample> MeasureAsync(LoadStore store, Workload work)
    {
        await using var node = await MeasuredNode.StartAsync(store, program);
        using var client = node.Client(NdjsonBodies.Connections);
        await NdjsonBodies.PostAllAsync(client, NdjsonBodies.Of(MeasuredNode.WarmUp));
        await NdjsonBodies.PostAllAsync(client, NdjsonBodies.Of(work));
        await MeasuredNode.CaughtUpAsync(client, withSearch: true);
        await AdoptAsync(store, node);
        var (rows, size) = (work.Messages.Length + MeasuredNode.WarmUp.Messages.Length, await SizeAsync(store));
        var before = await RateAsync(client, run: 901);
        await MeasuredNode.CaughtUpAsync(client, withSearch: true);

        var beside = NdjsonBodies.Of(new Workload(902, LongestRunRecords));
        using var keeping = Start(
            store, node, "keep", "run", "--to", Path.Combine(store.Directory, "archive"), "--keys-to",
            Path.Combine(store.Directory, "archive-keys"));
        var meter = new Meter();
        var printing = keeping.StandardOutput.ReadToEndAsync();
        var failing = keeping.StandardError.ReadToEndAsync();
        var sent = (await Task.WhenAll(beside.Select(bodies => Task.Run(async () =>
        {
            var recorded = 0;
            foreach (var body in bodies.TakeWhile(_ => !keeping.HasExited))
            {
                recorded += await NdjsonBodies.PostAsync(client, body);
            }

            return recorded;
        })))).Sum();
        var during = sent / meter.Elapsed.TotalSeconds;
        await keeping.WaitForExitAsync();
        var elapsed = meter.Elapsed;
        var cut = CutRows(keeping.ExitCode, await printing, await failing);
        // Where the keys end and the read models are made anew, too.
        var forgetting = await RateAsync(client, run: 903);
        await ForgottenAsync(store);
        await MeasuredNode.CaughtUpAsync(client, withSearch: true);
        var after = await RateAsync(client, run: 904);
        await MeasuredNode.CaughtUpAsync(client, withSearch: true);
        var left = await SizeAsync(store);
        var since = sent + (3 * RecordsBeside);
        var (aRow, stub) = (size / (double)rows, (left - (size / (double)rows * (rows - cut + since))) / cut);
        return new Sample(cut, elapsed, TimeSpan.Zero, 0)
        {
            Note = FormattableString.Invariant(
                $"{cut} of {rows} rows cut; a row had {aRow:0} bytes of the journal, and left {stub:0}; intake beside it ")
                + FormattableString.Invariant(
                $"{during / ((before + after) / 2):0.00} of that before and after, {forgetting / ((before + after) / 2):0.00} ")
                + FormattableString.Invariant(
                $"while it was forgotten ({before:n0}, {during:n0}, {forgetting:n0}, {after:n0}/s)"),
        };
    }

    private static async Task<double> RateAsync(HttpClient client, int run)
    {
        var bodies = NdjsonBodies.Of(new Workload(run, RecordsBeside));
        var meter = new Meter();
        return await NdjsonBodies.PostAllAsync(client, bodies) / meter.Elapsed.TotalSeconds;
    }

    /// <summary>Two persons stand for it: everything is due at once.</summary>
    private async Task AdoptAsync(LoadStore store, MeasuredNode node)
    {
        var rules = Path.Combine(store.Directory, "retention.json");
        await File.WriteAllTextAsync(rules, """{"default":"0d"}""");
        foreach (var (name, role) in new[] { ("anna", "admin"), ("bob", "approve") })
        {
            var token = await RunAsync(store, node, "token", "create", name, "--role", role, "--person", name);
            await File.WriteAllTextAsync(Path.Combine(store.Directory, name), token.Split('\n')[0].Trim());
        }

        var adopted = await RunAsync(
            store, node, "keep", "adopt", rules, "--token-file", Path.Combine(store.Directory, "anna"));
        await RunAsync(
            store, node, "keep", "confirm", adopted.Split('\t')[0], "--token-file",
            Path.Combine(store.Directory, "bob"));
    }

    private static async Task ForgottenAsync(LoadStore store)
    {
        while (await AskAsync(
            store,
            "SELECT count(*) FROM journal WHERE persistence_id = 'operator|keeping' "
            + (store.Kind == "sqlite" ? "AND instr(CAST(message AS TEXT), 'rows.forgotten') > 0"
                : "AND position(convert_to('rows.forgotten', 'UTF8') IN message) > 0")) == 0)
        {
            await Task.Delay(200);
        }
    }

    private Process Start(LoadStore store, MeasuredNode node, params string[] arguments) => NodeProcess.Start(
        program, node.Data, arguments[0] == "keep" && arguments[1] == "run"
            ? [.. arguments, "--data", node.Data, "--store", store.Address, "--row-key", RowKeyOf(store)]
            : [.. arguments, "--data", node.Data]);

    private static string RowKeyOf(LoadStore store) => Path.Combine(store.Directory, "row.key");

    private async Task<string> RunAsync(LoadStore store, MeasuredNode node, params string[] arguments)
    {
        using var process = Start(store, node, arguments);
        var failing = process.StandardError.ReadToEndAsync();
        var printed = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0
            ? printed
            : throw new InvalidOperationException(
                $"audit {string.Join(' ', arguments)} ended with {process.ExitCode}: {await failing}");
    }

    private static long CutRows(int code, string printed, string failed)
    {
        var said = printed.Split('\n').FirstOrDefault(line => line.Contains("were cut", StringComparison.Ordinal));
        return code == 0 && said is not null
            ? long.Parse(said.Split(' ')[0])
            : throw new InvalidOperationException($"audit keep run ended with {code}: {failed}");
    }

    /// <summary>Of the journal and of what is left of it, without the room that became free.</summary>
    private static async Task<long> SizeAsync(LoadStore store)
    {
        if (store.Kind == "sqlite")
        {
            return await AskAsync(
                store,
                "SELECT (c.page_count - f.freelist_count) * s.page_size "
                + "FROM pragma_page_count() c, pragma_freelist_count() f, pragma_page_size() s");
        }

        // A server gives nothing back by itself.
        foreach (var table in new[] { "journal", "journal_cut", "journal_cut_stream", "payload_keys" })
        {
            await AskAsync(store, $"VACUUM (FULL) {table}");
        }

        return await AskAsync(
            store,
            """
            SELECT pg_total_relation_size('journal') + pg_total_relation_size('journal_cut')
                + pg_total_relation_size('journal_cut_stream') + pg_total_relation_size('payload_keys')
            """);
    }

    private static async Task<long> AskAsync(LoadStore store, string sql)
    {
        if (store.Kind == "sqlite")
        {
            using var file = SqliteDatabase.OpenWriter(store.Place);
            return file.Statement(sql).RunForNumber();
        }

        await using var connection = new NpgsqlConnection(store.Place);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        return await command.ExecuteScalarAsync() is long number ? number : 0;
    }
}
