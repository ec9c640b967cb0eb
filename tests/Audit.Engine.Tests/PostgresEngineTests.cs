namespace Audit.Engine.Tests;

[NeedsPostgres]
public sealed class PostgresEngineTests : LocalEngineContract, IDisposable
{
    private PostgresDatabase? database;

    protected override async Task<IAuditStore> OpenStoreAsync()
    {
        database = await PostgresServer.CreateDatabaseAsync();
        return await AuditStore.OpenAsync("postgres:" + database.ConnectionString, TestKeys.Given, CancellationToken.None);
    }

    public void Dispose() => database?.DisposeAsync().AsTask().GetAwaiter().GetResult();
}
