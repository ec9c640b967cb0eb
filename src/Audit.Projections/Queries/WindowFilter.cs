namespace Audit.Projections.Queries;

public sealed record WindowFilter
{
    public string? Task { get; init; }

    public string? Agent { get; init; }

    public Timestamp? OpenAt { get; init; }

    /// <summary>Only those that wait for somebody to approve them.</summary>
    public bool Requested { get; init; }
}
