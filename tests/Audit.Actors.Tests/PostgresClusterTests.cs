namespace Audit.Actors.Tests;

/// <summary>The engine contract on a cluster of one node with PostgreSQL.</summary>
[NeedsPostgres]
public class PostgresClusterTests : EngineContract, IDisposable
{
    private PostgresDatabase? database;

    protected string Address => "postgres:" + database!.ConnectionString;

    protected override async Task<IAuditStore> OpenStoreAsync()
    {
        database = await PostgresServer.CreateDatabaseAsync();
        return await AuditStore.OpenAsync(Address, TestKeys.Given, CancellationToken.None);
    }

    protected override Task<IAuditEngine> StartAsync(EngineOptions options, Func<Fault> nextWrite) =>
        QuickCluster.StartAsync(Address, Store, options, journal: new FaultyJournal(Store.Journal, nextWrite));

    public void Dispose()
    {
        GC.SuppressFinalize(this);
        database?.DisposeAsync().AsTask().GetAwaiter().GetResult();
    }
}

/// <summary>The same with Akka.Persistence.Sql.</summary>
[NeedsPostgres]
public sealed class PostgresPluginTests : PostgresClusterTests
{
    protected override Task<IAuditEngine> StartAsync(EngineOptions options, Func<Fault> nextWrite) =>
        QuickCluster.StartAsync(Address, Store, options, FaultyWriteJournal.Hocon(nextWrite));
}
