namespace Audit.Projections.Tests.Search;

[NeedsPostgres]
public sealed class PostgresSearchTests : SearchContract
{
    private PostgresDatabase? database;

    protected override async Task<string> PrepareAsync()
    {
        database = await PostgresServer.CreateDatabaseAsync();
        return "postgres:" + database.ConnectionString;
    }

    protected override async Task RemoveAsync() => await database!.DisposeAsync();
}
