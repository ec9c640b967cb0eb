namespace Audit.Projections.Tests;

[NeedsPostgres]
public sealed class PostgresPastTests : PastContract
{
    private PostgresDatabase? database;

    protected override async Task<string> PrepareAsync()
    {
        database = await PostgresServer.CreateDatabaseAsync();
        return "postgres:" + database.ConnectionString;
    }

    protected override async Task RemoveAsync() => await database!.DisposeAsync();
}
