namespace Audit.Projections.Tests;

/// <summary>A journal that ends earlier than it did, as a restored backup does, or says something else than it did.</summary>
internal sealed class JournalUpTo(IJournal inner, long last) : RelayedJournal(inner)
{
    public bool Falsify { get; set; }

    public override async Task<IReadOnlyList<JournalRow>> ReadAfterAsync(
        long position, int limit, long byteLimit, CancellationToken cancellation) =>
        [.. (await base.ReadAfterAsync(position, limit, byteLimit, cancellation))
            .Where(row => row.Position <= last).Select(Given)];

    public override async Task<JournalRow?> ReadRowAsync(long position, CancellationToken cancellation) =>
        position <= last && await base.ReadRowAsync(position, cancellation) is { } row ? Given(row) : null;

    public override async Task<long> LastPositionAsync(CancellationToken cancellation) =>
        Math.Min(last, await base.LastPositionAsync(cancellation));

    public override async Task<long> WaitForMoreAsync(long position, CancellationToken cancellation)
    {
        if (position >= last)
        {
            await Task.Delay(Timeout.Infinite, cancellation);
        }

        return await base.WaitForMoreAsync(position, cancellation);
    }

    private JournalRow Given(JournalRow row) => Falsify ? row with { CreatedTicks = row.CreatedTicks + 1 } : row;
}
