using Audit.Integrity.Bundles;
using Audit.Integrity.Entries;

namespace Audit.Integrity.Verification;

/// <summary>
/// What rows lack, whether or not they are what was sealed: numbers before them in their streams, and keys of their
/// content.
/// </summary>
/// <param name="look">Null with a bundle, which says itself what its store could not open.</param>
/// <param name="bundle">Null with a store.</param>
internal sealed class LackCheck(VerifyOptions options, StoreLook? look, BundleReader? bundle)
{
    private const int MostNamed = 10;

    private readonly StreamNumbers numbers = new(
        look, bundle?.Contents?.Where(one => one.IsWhole).Select(one => one.Session).ToHashSet());
    private readonly ContentLook? contents = options.Entries is { Rows: { } rows } keys && look is not null
        ? new(keys, rows, look, options.Erased)
        : null;
    private readonly List<MissingNumbers> missing = [];
    private readonly List<long> closed = [];
    private long missingCount;
    private long closedCount;

    public async Task TakeAsync(RowBatch batch, CancellationToken cancellation)
    {
        await (contents?.MarkAsync(batch, cancellation) ?? default);
        // Without keys a store's rows have no salts, and their streams cannot be told apart.
        var gaps = options.Entries is null && look is not null ? [] : await numbers.TakeAsync(batch, 0, cancellation);
        missingCount += gaps.Count;
        missing.AddRange(gaps.Take(MostNamed - missing.Count));
        for (var i = 0; i < batch.Count; i++)
        {
            if (!batch[i].IsClosed)
            {
                continue;
            }

            closedCount++;
            if (closed.Count < MostNamed)
            {
                closed.Add(batch[i].Position);
            }
        }
    }

    /// <summary>What was erased in order.</summary>
    public IReadOnlyList<ErasedContent> Erased => [.. contents?.Erased ?? []];

    public IEnumerable<IntegrityFault> Faults()
    {
        if (closedCount > 0)
        {
            yield return new IntegrityFault(
                IntegrityFaultKind.ContentClosed, closed[0], null,
                $"The content of {Rows(closedCount)} cannot be opened, at {Positions()}: the keys of their sessions "
                + "are missing from the table payload_keys or do not open, and no erasure is in the book.");
        }

        foreach (var gap in missing)
        {
            yield return new IntegrityFault(IntegrityFaultKind.NumbersMissing, gap.Position, null, gap.Sentence);
        }

        if (missingCount > missing.Count)
        {
            yield return new IntegrityFault(
                IntegrityFaultKind.NumbersMissing, null, null,
                $"Numbers are missing in streams at {missingCount - missing.Count} further places.");
        }
    }

    private string Positions() =>
        $"position {string.Join(", ", closed)}{(closedCount > closed.Count ? " and further on" : "")}";

    private static string Rows(long count) => count == 1 ? "1 row" : $"{count} rows";
}
