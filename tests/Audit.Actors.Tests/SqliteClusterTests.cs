namespace Audit.Actors.Tests;

/// <summary>The engine contract on a cluster of one node with SQLite.</summary>
public sealed class SqliteClusterTests : EngineContract, IDisposable
{
    private readonly TemporaryDirectory directory = new();

    private string Address => "sqlite:" + directory.File("journal.db");

    protected override Task<IAuditStore> OpenStoreAsync() => AuditStore.OpenAsync(Address, TestKeys.Given, CancellationToken.None);

    protected override Task<IAuditEngine> StartAsync(EngineOptions options, Func<Fault> nextWrite) =>
        QuickCluster.StartAsync(Address, Store, options, FaultyWriteJournal.Hocon(nextWrite));

    public void Dispose() => directory.Dispose();
}
