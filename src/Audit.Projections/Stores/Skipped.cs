namespace Audit.Projections.Stores;

/// <summary>The positions that an operator had passed over.</summary>
internal static class Skipped
{
    public static async Task<IReadOnlySet<long>> ReadAsync(IReadSession session, CancellationToken cancellation) =>
        (await session.QueryAsync("SELECT position FROM skipped", [], row => row.Number(0), cancellation)).ToHashSet();
}
