using Audit.Load.Floors;
using SQLitePCL;

namespace Audit.Load.Stores;

/// <summary>Each store is a file in a directory of its own.</summary>
internal sealed class SqliteStores : IStoreSource
{
    private readonly string directory;
    private string? template;
    private int made;

    public SqliteStores(string parent)
    {
        Batteries_V2.Init();
        directory = Directory.CreateDirectory(Path.Combine(parent, $"audit-load-{Environment.ProcessId}")).FullName;
    }

    public string Kind => "sqlite";

    public Task<string> DescribeAsync() => Task.FromResult("SQLite " + raw.sqlite3_libversion().utf8_to_string());

    public async Task PrepareAsync(int rows, Action<string> report)
    {
        var path = Path.Combine(directory, "template.db");
        await MakeTablesAsync(path);
        using (var database = new SqliteFile(path))
        {
            var insert = new SqliteJournalInsert(database);
            var filled = 0;
            foreach (var slice in Prefill.Slices(rows))
            {
                insert.InsertAll(slice, rowsPerTransaction: 5_000);
                report($"prefilled {filled += slice.Length:n0} of {rows:n0} rows");
            }

            database.Execute("PRAGMA wal_checkpoint(TRUNCATE)");
        }

        template = path;
    }

    public Task<LoadStore> MakeAsync()
    {
        var own = Directory.CreateDirectory(Path.Combine(directory, $"store-{++made}")).FullName;
        var path = Path.Combine(own, "journal.db");
        File.Copy(template!, path);
        using (var copy = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite))
        {
            // Or the copy would be written to the disk during the measurement.
            RandomAccess.FlushToDisk(copy);
        }

        return Task.FromResult(new LoadStore("sqlite", $"sqlite:{path}", path, own, () =>
        {
            Directory.Delete(own, recursive: true);
            return Task.CompletedTask;
        }));
    }

    public ValueTask DisposeAsync()
    {
        Directory.Delete(directory, recursive: true);
        return ValueTask.CompletedTask;
    }

    private static async Task MakeTablesAsync(string path)
    {
        await using var store = await AuditStore.OpenAsync($"sqlite:{path}", TestKeys.Given, CancellationToken.None);
    }
}
