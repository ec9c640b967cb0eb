using Audit.Projections.Facts;
using Audit.Projections.Folding;

namespace Audit.Projections.Search;

/// <summary>What a call's messages so far say of it, so that a later one is found by what only an earlier one names.</summary>
internal sealed record IndexedCall(long Id, Identity Identity, string? Provider, string? Model, string? By)
{
    public IndexedCall Follow(EventFacts facts)
    {
        var begun = (facts.Verdict.Anomalies & Anomalies.IdReused) != 0 ? default : Identity;
        return this with
        {
            Identity = facts.Names(facts.Verdict) ? begun.Or(facts) : begun,
            Provider = facts.Provider ?? Provider,
            Model = facts.Model ?? Model,
            By = facts.By ?? By,
        };
    }
}
