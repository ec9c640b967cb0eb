namespace Audit.Actors.Tests;

/// <summary>The engine contract on a cluster of one node with SQLite.</summary>
public class SqliteClusterTests : EngineContract, IDisposable
{
    private readonly TemporaryDirectory directory = new();

    protected string Address => "sqlite:" + directory.File("journal.db");

    protected override Task<IAuditStore> OpenStoreAsync() => AuditStore.OpenAsync(Address, TestKeys.Given, CancellationToken.None);

    protected override Task<IAuditEngine> StartAsync(EngineOptions options, Func<Fault> nextWrite) =>
        QuickCluster.StartAsync(Address, Store, options, journal: new FaultyJournal(Store.Journal, nextWrite));

    public void Dispose()
    {
        GC.SuppressFinalize(this);
        directory.Dispose();
    }
}

/// <summary>The same with Akka.Persistence.Sql.</summary>
public sealed class SqlitePluginTests : SqliteClusterTests
{
    protected override Task<IAuditEngine> StartAsync(EngineOptions options, Func<Fault> nextWrite) =>
        QuickCluster.StartAsync(Address, Store, options, FaultyWriteJournal.Hocon(nextWrite));
}
