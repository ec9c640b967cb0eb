using Audit.Projections.Feeding;

namespace Audit.Projections;

public sealed record ReadSideOptions
{
    public FeedLimits Limits { get; init; } = new();

    public TimeProvider Clock { get; init; } = TimeProvider.System;
}
