using Audit.Node.Hosting;

namespace Audit.Node.CommandLine.Operating;

/// <summary>A store that is worked on while no node runs. What is done is written down all the same.</summary>
internal sealed class OpenedStore : IAsyncDisposable
{
    private readonly LocalEngine engine;

    private OpenedStore(IAuditStore store, LocalEngine engine, Redactor? redactor)
    {
        Store = store;
        this.engine = engine;
        Acts = new OperatorActs(engine, TimeProvider.System, redactor);
    }

    public IAuditStore Store { get; }

    public OperatorActs Acts { get; }

    // There is no token whose name could be taken: whoever may open the store acts as the system knows them.
    public static string Actor => $"{Environment.UserName}@{Environment.MachineName}";

    /// <exception cref="StoreException">The store cannot be opened; a running node may have it.</exception>
    public static async Task<OpenedStore> OpenAsync(NodeOptions options, CancellationToken cancellation)
    {
        var store = await AuditStore.OpenAsync(
            options.Store, options.OpenRowKeys, cancellation);
        try
        {
            var engine = new EngineOptions
            {
                Shards = 1,
                Redactor = options.Redaction is { } rules ? new Redactor(rules, store.Hasher) : null,
            };
            return new OpenedStore(
                store, new LocalEngine(store.Journal, store.Seal, engine, TimeProvider.System), engine.Redactor);
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await engine.DisposeAsync();
        await Store.DisposeAsync();
    }
}
