using Audit.Projections.Facts;
using Audit.Projections.Stores;

namespace Audit.Projections.Folding;

/// <summary>Some events in a row, read into facts.</summary>
/// <param name="CreatedTicks">When the last of them was written.</param>
internal sealed record FactBatch(IReadOnlyList<EventFacts> Events, ReadOffset From, ReadOffset To, long CreatedTicks);
