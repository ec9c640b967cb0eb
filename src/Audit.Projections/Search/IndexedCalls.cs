using Audit.Projections.Folding;

namespace Audit.Projections.Search;

/// <summary>
/// Knows of each call what its earlier messages name; what was forgotten meanwhile is read again from its stream.
/// </summary>
internal sealed class IndexedCalls(IJournal journal, FactsReader reader)
{
    private const int Kept = 8_000;
    private const int RowsAtOnce = 64;

    private readonly Generations<string, IndexedCall> known = new(Kept);

    /// <summary>The call as this message leaves it.</summary>
    public async Task<IndexedCall> FollowAsync(EventFacts facts, CancellationToken cancellation)
    {
        var call = facts.Sequence == 1 ? null
            : known.Find(facts.Stream) ?? await ReadAsync(facts, cancellation);
        call = (call ?? new IndexedCall(facts.Position, default, null, null, null)).Follow(facts);
        known.Keep(facts.Stream, call);
        return call;
    }

    private async Task<IndexedCall?> ReadAsync(EventFacts facts, CancellationToken cancellation)
    {
        IndexedCall? call = null;
        var after = 0L;
        while (true)
        {
            var rows = await journal.ReadStreamAsync(new StreamKey(facts.Stream), after, RowsAtOnce, cancellation);
            foreach (var row in rows)
            {
                if (row.Position >= facts.Position)
                {
                    return call;
                }

                after = row.Sequence;
                if (!row.IsProven)
                {
                    continue;
                }

                call ??= new IndexedCall(row.Position, default, null, null, null);
                call = Read(row) is { Kind: EventKind.Received } message ? call.Follow(message) : call;
            }

            if (rows.Count < RowsAtOnce)
            {
                return call;
            }
        }
    }

    private EventFacts? Read(JournalRow row)
    {
        try
        {
            return reader.Read(row);
        }
        catch (PoisonException)
        {
            // Noted when its turn came.
            return null;
        }
    }
}

/// <summary>
/// What a call's messages so far say of it, so that a later one is found by what only an earlier one names.
/// </summary>
internal sealed record IndexedCall(long Id, Identity Identity, string? Provider, string? Model, string? By)
{
    /// <summary>By which policy it was asked or answered last.</summary>
    public PolicyMark? Policy { get; init; }

    public IndexedCall Follow(EventFacts facts)
    {
        var begun = (facts.Verdict.Anomalies & Anomalies.IdReused) != 0 ? default : Identity;
        return this with
        {
            Identity = facts.Names(facts.Verdict) ? begun.Or(facts) : begun,
            Provider = facts.Provider ?? Provider,
            Model = facts.Model ?? Model,
            By = facts.By ?? By,
            Policy = facts.Policy ?? Policy,
        };
    }
}
