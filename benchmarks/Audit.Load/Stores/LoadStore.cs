namespace Audit.Load.Stores;

/// <summary>A store made for one measurement and thrown away after it.</summary>
/// <param name="Address">As <see cref="Journal.AuditStore"/> takes it.</param>
/// <param name="Place">The file, or the connection string.</param>
/// <param name="Directory">For whatever else the measurement writes.</param>
internal sealed record LoadStore(string Kind, string Address, string Place, string Directory, Func<Task> ThrowAwayAsync)
    : IAsyncDisposable
{
    public ValueTask DisposeAsync() => new(ThrowAwayAsync());
}
