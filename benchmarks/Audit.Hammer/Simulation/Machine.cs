namespace Audit.Hammer.Simulation;

/// <summary>What runs a node or the hosts: it can be slow, be stopped for a while, or end at any moment.</summary>
internal sealed class Machine(World world, TimeSpan skew) : TaskScheduler
{
    private readonly List<Task> held = [];
    private readonly List<VirtualTimer> heldTimers = [];
    private readonly TaskCompletionSource ended = new();

    public TimeProvider Clock => field ??= new MachineClock(world, this, skew);

    public bool IsDown { get; private set; }

    public bool IsFrozen { get; private set; }

    /// <summary>Whoever is connected to it sees that.</summary>
    public Task Ended => ended.Task;

    /// <summary>Of so many things to do one is forgotten; 0 for a machine that forgets nothing.</summary>
    public int ForgetsOneOf { get; set; }

    public void Crash()
    {
        IsDown = true;
        world.Drop(this);
        held.Clear();
        ended.TrySetResult();
    }

    public void Freeze() => IsFrozen = true;

    public void Thaw()
    {
        IsFrozen = false;
        held.ForEach(task => world.Ready(this, task));
        held.Clear();
        var due = heldTimers.ToArray();
        heldTimers.Clear();
        Array.ForEach(due, timer => timer.Fire(world.Now));
    }

    public void Run(Task task)
    {
        if (IsFrozen)
        {
            held.Add(task);
        }
        else if (!IsDown)
        {
            TryExecuteTask(task);
        }
    }

    public void Hold(VirtualTimer timer) => heldTimers.Add(timer);

    public Task Start(Func<Task> work) => Task.Factory.StartNew(
        work, CancellationToken.None, TaskCreationOptions.DenyChildAttach, this).Unwrap();

    protected override void QueueTask(Task task)
    {
        if (ForgetsOneOf > 0 && world.Chance.Below(ForgetsOneOf) == 0)
        {
            ForgetsOneOf = 0;
            return;
        }

        if (!IsDown)
        {
            world.Ready(this, task);
        }
    }

    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => false;

    protected override IEnumerable<Task> GetScheduledTasks() => [];
}

/// <summary>The clock of a machine, which may be wrong; how long things take is the same for all.</summary>
internal sealed class MachineClock(World world, Machine machine, TimeSpan skew) : TimeProvider
{
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => World.At(world.Now) + skew;

    public override long GetTimestamp() => world.Now;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new VirtualTimer(world, machine, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }
}

internal sealed class VirtualTimer(World world, Machine? machine, TimerCallback callback, object? state) : ITimer
{
    private long due = -1;
    private TimeSpan period;

    public bool Change(TimeSpan dueTime, TimeSpan period)
    {
        this.period = period;
        due = dueTime == Timeout.InfiniteTimeSpan ? -1 : world.Now + dueTime.Ticks;
        if (due >= 0)
        {
            world.Add(this, due);
        }

        return true;
    }

    /// <param name="at">When it was to fire; it may have been changed since.</param>
    public void Fire(long at)
    {
        if (machine is { IsDown: true } || due < 0 || at < due)
        {
            return;
        }

        if (machine is { IsFrozen: true })
        {
            machine.Hold(this);
            return;
        }

        due = -1;
        if (period > TimeSpan.Zero)
        {
            Change(period, period);
        }

        callback(state);
    }

    public void Dispose() => due = -1;

    public ValueTask DisposeAsync()
    {
        Dispose();
        return default;
    }
}
