namespace Audit.Actors.Tests;

/// <summary>The engine contract on a cluster of one node with PostgreSQL.</summary>
[NeedsPostgres]
public sealed class PostgresClusterTests : EngineContract, IDisposable
{
    private PostgresDatabase? database;

    private string Address => "postgres:" + database!.ConnectionString;

    protected override async Task<IAuditStore> OpenStoreAsync()
    {
        database = await PostgresServer.CreateDatabaseAsync();
        return await AuditStore.OpenAsync(Address, TestKeys.Given, CancellationToken.None);
    }

    protected override Task<IAuditEngine> StartAsync(EngineOptions options, Func<Fault> nextWrite) =>
        QuickCluster.StartAsync(Address, Store, options, FaultyWriteJournal.Hocon(nextWrite));

    public void Dispose() => database?.DisposeAsync().AsTask().GetAwaiter().GetResult();
}
