namespace Audit.Projections.Language;

/// <summary>From a time until just before another, as read stores hold times.</summary>
internal readonly record struct TimeRange(long From, long Until)
{
    public bool Holds(long at) => From <= at && at < Until;
}
