using System.Globalization;
using Audit.Load.Stores;
using Audit.Load.Workloads;
using Audit.Storage.Sqlite;
using Npgsql;

namespace Audit.Load.Subjects;

/// <summary>
/// What a node that was fed and stopped keeps for a record, table by table and index by index. It measures no time, so
/// that it may run beside anything.
/// </summary>
internal sealed class StoredParts(string? program) : IMeasured
{
    private const string Index = "text index";

    public string Name => Names.Stored;

    public bool IsByHand => true;

    public async Task<Sample> MeasureAsync(LoadStore store, Workload work)
    {
        var meter = new Meter();
        await using (var node = await MeasuredNode.StartAsync(store, program))
        {
            using var client = node.Client(NdjsonBodies.Connections);
            var recorded = await NdjsonBodies.PostAllAsync(client, NdjsonBodies.Of(work));
            await MeasuredNode.CaughtUpAsync(client, withSearch: true);
            if (recorded != work.Messages.Length)
            {
                throw new InvalidOperationException($"Only {recorded} of {work.Messages.Length} items were recorded.");
            }
        }

        var parts = store.Kind == "sqlite" ? OfFiles(store) : await OfServerAsync(store);
        var (records, count) = ((double)work.Messages.Sum(message => message.Record.Length), work.Messages.Length);
        var all = (double)parts.Sum(part => part.Bytes);
        Console.Error.WriteLine(Line("", "the records themselves", records / count));
        foreach (var of in parts.GroupBy(part => part.Of))
        {
            Console.Error.WriteLine(Line("", of.Key, of.Sum(part => part.Bytes) / (double)count));
            foreach (var part in of.OrderByDescending(part => part.Bytes).Where(part => part.Bytes > count / 2))
            {
                Console.Error.WriteLine(Line("  ", part.Name, part.Bytes / (double)count));
            }
        }

        return meter.Read(count) with
        {
            Stored = new StoredBytes(all / records, parts.Where(part => part.Of != Index).Sum(part => part.Bytes) / records, all / count),
            Note = string.Join(", ", parts.GroupBy(part => part.Of).Select(
                of => string.Create(CultureInfo.InvariantCulture, $"{of.Key} {of.Sum(part => part.Bytes) / count}"))),
        };
    }

    private static string Line(string before, string name, double bytes) => string.Create(
        CultureInfo.InvariantCulture, $"{before}{name,-32} {bytes,8:0.0} bytes a record");

    /// <summary>How much of a file is whose is known by what is free when it is dropped; the store is thrown away after this.</summary>
    private static List<(string Of, string Name, long Bytes)> OfFiles(LoadStore store)
    {
        var parts = new List<(string, string, long)>();
        foreach (var (of, end) in ((string, string)[])[
            ("journal", ".db"), ("read models", "-read.db"), (Index, "-search.db"), ("log", "-log.db")])
        {
            using var database = SqliteDatabase.OpenWriter(
                store.Place[..^".db".Length] + end, "PRAGMA foreign_keys = OFF; PRAGMA secure_delete = OFF");
            database.Execute("PRAGMA wal_checkpoint(TRUNCATE)");
            var page = Ask("PRAGMA page_size");
            var left = Ask("PRAGMA page_count") - Ask("PRAGMA freelist_count");
            foreach (var (kind, name) in Texts(
                "SELECT type, name FROM sqlite_master WHERE (type = 'index' AND sql IS NOT NULL) OR (type = 'table' "
                + "AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'words\\_%' ESCAPE '\\') ORDER BY type, name"))
            {
                database.Execute($"DROP {kind} {name}");
                var now = Ask("PRAGMA page_count") - Ask("PRAGMA freelist_count");
                parts.Add((of, $"{kind} {name}", (left - now) * page));
                left = now;
            }

            parts.Add((of, "all else", left * page));

            long Ask(string sql) => database.Statement(sql).RunForNumber();

            List<(string Kind, string Name)> Texts(string sql)
            {
                var found = new List<(string, string)>();
                SqliteSession.ReadAll(database.Statement(sql), row => (row.Text(0), row.Text(1)), found);
                return found;
            }
        }

        return parts;
    }

    private static async Task<List<(string Of, string Name, long Bytes)>> OfServerAsync(LoadStore store)
    {
        const string Sql = """
            SELECT n.nspname, c.relkind = 'i', c.relname,
                CASE WHEN c.relkind = 'i' THEN pg_relation_size(c.oid) ELSE pg_table_size(c.oid) END
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'i') AND n.nspname IN ('public', 'audit_read', 'audit_search', 'audit_log')
            """;
        var parts = new List<(string, string, long)>();
        await using var connection = new NpgsqlConnection(store.Place);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(Sql, connection);
        await using var rows = await command.ExecuteReaderAsync();
        while (await rows.ReadAsync())
        {
            var of = rows.GetString(0) switch
            {
                "public" => "journal", "audit_read" => "read models", "audit_search" => Index, _ => "log",
            };
            parts.Add((of, $"{(rows.GetBoolean(1) ? "index" : "table")} {rows.GetString(2)}", rows.GetInt64(3)));
        }

        return parts;
    }
}
