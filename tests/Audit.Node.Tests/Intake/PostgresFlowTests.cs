namespace Audit.Node.Tests.Intake;

[NeedsPostgres]
public sealed class PostgresFlowTests : FlowContract
{
    private PostgresDatabase database = null!;

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await database.DisposeAsync();
    }

    protected override async Task<string?> StoreAsync()
    {
        database = await PostgresServer.CreateDatabaseAsync();
        return "postgres:" + database.ConnectionString;
    }
}
