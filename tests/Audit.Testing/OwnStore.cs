using Audit.Journal.Stores;
using Xunit;

namespace Audit.Testing;

/// <summary>Tests each of which has an empty store in a file of its own.</summary>
public abstract class OwnStore : IAsyncLifetime
{
    protected TemporaryDirectory Place { get; } = new();

    protected IAuditStore Store { get; private set; } = null!;

    protected string Address => "sqlite:" + Place.File("journal.db");

    public async Task InitializeAsync() =>
        Store = await AuditStore.OpenAsync(Address, TestKeys.Given, CancellationToken.None);

    public async Task DisposeAsync()
    {
        await Store.DisposeAsync();
        Place.Dispose();
    }
}
