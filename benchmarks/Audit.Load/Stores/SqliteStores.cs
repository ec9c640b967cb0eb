using SQLitePCL;

namespace Audit.Load.Stores;

/// <summary>Each store is a file in a directory of its own, copied from a template with all that lies beside it.</summary>
internal sealed class SqliteStores : IStoreSource
{
    private readonly string directory;
    private int made;

    public SqliteStores(LoadOptions options)
        : this(Path.Combine(options.Directory, $"audit-load-{Environment.ProcessId}"))
    {
    }

    /// <param name="directory">Of which it goes on with the template that is there.</param>
    public SqliteStores(string directory)
    {
        Batteries_V2.Init();
        this.directory = directory;
    }

    public string Kind => "sqlite";

    private string Template => Path.Combine(directory, "template");

    public Task<string> DescribeAsync() => Task.FromResult("SQLite " + raw.sqlite3_libversion().utf8_to_string());

    public async Task PrepareAsync(Func<LoadStore, Task> fill)
    {
        Directory.CreateDirectory(Template);
        var template = In(Template, () => Task.CompletedTask);
        await using (await AuditStore.OpenAsync(template.Address, TestKeys.Given, CancellationToken.None))
        {
            // Opening it made the tables.
        }

        await fill(template);
    }

    public Task<LoadStore> MakeAsync()
    {
        var own = Path.Combine(directory, $"store-{++made}");
        if (Directory.Exists(own))
        {
            // Somebody was ended before he could throw it away.
            Directory.Delete(own, recursive: true);
        }

        LoadStore.Copy(Template, own);
        return Task.FromResult(In(own, () =>
        {
            Directory.Delete(own, recursive: true);
            return Task.CompletedTask;
        }));
    }

    public ValueTask DisposeAsync()
    {
        if (Directory.Exists(directory))
        {
            Directory.Delete(directory, recursive: true);
        }

        return ValueTask.CompletedTask;
    }

    private static LoadStore In(string own, Func<Task> throwAwayAsync)
    {
        var path = Path.Combine(own, "journal.db");
        return new LoadStore("sqlite", $"sqlite:{path}", path, own, throwAwayAsync)
        {
            SizesAsync = () =>
            {
                var files = LoadStore.FilesOf(own).ToArray();
                var index = files.Where(file => file.Name.Contains("-search.db", StringComparison.Ordinal));
                return Task.FromResult((files.Sum(file => file.Length), index.Sum(file => file.Length)));
            },
        };
    }
}
