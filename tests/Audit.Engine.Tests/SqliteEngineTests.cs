namespace Audit.Engine.Tests;

public sealed class SqliteEngineTests : LocalEngineContract, IDisposable
{
    private readonly TemporaryDirectory directory = new();

    protected override Task<IAuditStore> OpenStoreAsync() =>
        AuditStore.OpenAsync("sqlite:" + directory.File("journal.db"), TestKeys.Given, CancellationToken.None);

    public void Dispose() => directory.Dispose();
}
