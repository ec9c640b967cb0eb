namespace Audit.Projections.Tests.Search;

/// <summary>A journal that has more than it hands out in order: whoever follows it lags behind.</summary>
internal sealed class LaggingJournal(IJournal inner, long last) : RelayedJournal(inner)
{
    public override async Task<IReadOnlyList<JournalRow>> ReadAfterAsync(
        long position, int limit, long byteLimit, CancellationToken cancellation) =>
        [.. (await base.ReadAfterAsync(position, limit, byteLimit, cancellation)).Where(row => row.Position <= last)];

    public override async Task<long> WaitForMoreAsync(long position, CancellationToken cancellation)
    {
        await Task.Delay(Timeout.Infinite, cancellation);
        return last;
    }
}
