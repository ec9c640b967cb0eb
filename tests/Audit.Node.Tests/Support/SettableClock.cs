namespace Audit.Node.Tests.Support;

/// <summary>The system's clock, set ahead.</summary>
internal sealed class SettableClock : TimeProvider
{
    private TimeSpan ahead;

    public void Advance(TimeSpan time) => ahead += time;

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + ahead;

    public override long GetTimestamp() => System.GetTimestamp() + (long)(ahead.TotalSeconds * TimestampFrequency);
}
