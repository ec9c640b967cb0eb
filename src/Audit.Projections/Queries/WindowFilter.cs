using Audit.Lifecycle;

namespace Audit.Projections;

public sealed record WindowFilter
{
    public string? Task { get; init; }

    public string? Agent { get; init; }

    public Timestamp? OpenAt { get; init; }
}
