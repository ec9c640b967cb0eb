namespace Audit.Actors.Tests;

[NeedsPostgres]
public sealed class PostgresHandOverTests : HandOverContract
{
    private PostgresDatabase? database;

    protected override async Task<string> MakeStoreAsync()
    {
        database = await PostgresServer.CreateDatabaseAsync();
        return "postgres:" + database.ConnectionString;
    }

    public override async Task DisposeAsync()
    {
        if (database is not null)
        {
            await database.DisposeAsync();
        }
    }
}
