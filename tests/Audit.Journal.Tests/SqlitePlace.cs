using Microsoft.Data.Sqlite;

namespace Audit.Journal.Tests;

/// <summary>Where the store of one test lies.</summary>
public interface IStorePlace : IAsyncDisposable
{
    Task<IAuditStore> OpenAsync();

    /// <summary>As whoever owns the store.</summary>
    Task RunAsync(string sql);
}

public sealed class SqlitePlace : IStorePlace
{
    private readonly TemporaryDirectory directory = new();

    public SqlitePlace() => File = directory.File("journal.db");

    public string File { get; }

    public Task<IAuditStore> OpenAsync() => AuditStore.OpenAsync($"sqlite:{File}", TestKeys.Given, CancellationToken.None);

    /// <summary>A connection as any other program would make it.</summary>
    public SqliteConnection Connect()
    {
        var settings = new SqliteConnectionStringBuilder { DataSource = File, Pooling = false };
        var connection = new SqliteConnection(settings.ConnectionString);
        connection.Open();
        return connection;
    }

    public void Execute(string sql)
    {
        using var connection = Connect();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    public Task RunAsync(string sql)
    {
        Execute(sql);
        return Task.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        directory.Dispose();
        return ValueTask.CompletedTask;
    }
}
