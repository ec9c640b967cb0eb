namespace Audit.Browser.Tests.Support;

/// <summary>A clock that stands where the story is while it is played, and goes on from now afterwards.</summary>
internal sealed class StoryClock : TimeProvider
{
    private TimeSpan behind;

    public void StandAt(DateTimeOffset time) => behind = System.GetUtcNow() - time;

    public void GoOn() => behind = TimeSpan.Zero;

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() - behind;
}
