namespace Audit.Projections.Feeding;

public sealed record ReadSideOptions
{
    public FeedLimits Limits { get; init; } = new();

    public TimeProvider Clock { get; init; } = TimeProvider.System;
}
