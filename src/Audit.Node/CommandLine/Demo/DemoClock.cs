namespace Audit.Node.CommandLine.Demo;

/// <summary>Shows the time of the story until it is told, and then the real one. Waiting takes as long as ever.</summary>
internal sealed class DemoClock : TimeProvider
{
    private long storyTicks;

    public override DateTimeOffset GetUtcNow() =>
        Volatile.Read(ref storyTicks) is > 0 and var ticks ? new DateTimeOffset(ticks, TimeSpan.Zero) : base.GetUtcNow();

    public void Set(DateTimeOffset time) => Volatile.Write(ref storyTicks, time.UtcTicks);

    public void GoOnForReal() => Volatile.Write(ref storyTicks, 0);
}
