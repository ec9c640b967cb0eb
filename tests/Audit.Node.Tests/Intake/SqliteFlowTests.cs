namespace Audit.Node.Tests.Intake;

public sealed class SqliteFlowTests : FlowContract
{
    protected override Task<string?> StoreAsync() => Task.FromResult<string?>(null);
}
