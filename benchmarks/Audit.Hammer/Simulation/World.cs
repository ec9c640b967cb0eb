namespace Audit.Hammer.Simulation;

/// <summary>
/// One thread on which several machines run, in a time that passes when nobody has anything to do. What could happen in
/// any order happens in the order that chance gives, so a seed is a schedule.
/// </summary>
internal sealed class World(Chance chance, Action<string>? trace)
{
    private static readonly DateTimeOffset Beginning = new(2026, 11, 20, 15, 0, 0, TimeSpan.Zero);

    private readonly List<(Machine Machine, Task Task)> ready = [];
    private readonly PriorityQueue<VirtualTimer, (long Due, long Tie)> timers = new();
    private readonly int thread = Environment.CurrentManagedThreadId;
    private long ties;

    /// <summary>Ticks since the beginning.</summary>
    public long Now { get; private set; }

    public Chance Chance { get; } = chance;

    /// <summary>What was seen to happen from outside: sent, written, answered, ended.</summary>
    public int Steps { get; private set; }

    /// <summary>Of all steps in their order: two schedules of one fingerprint are the same schedule.</summary>
    public ulong Fingerprint { get; private set; } = 14695981039346656037;

    public static DateTimeOffset At(long ticks) => Beginning.AddTicks(ticks);

    public void Step(string what, int who, long first = 0, long second = 0)
    {
        Steps++;
        foreach (var part in (ReadOnlySpan<long>)[Named(what), who, first, second])
        {
            Fingerprint = (Fingerprint ^ (ulong)part) * 1099511628211;
        }

        trace?.Invoke($"{TimeSpan.FromTicks(Now).TotalMilliseconds,9:0.0} ms  {what} {who} {first} {second}");
    }

    public void Ready(Machine machine, Task task)
    {
        if (Environment.CurrentManagedThreadId != thread)
        {
            throw new InvalidOperationException("Something of the schedule runs beside it, and could not be replayed.");
        }

        ready.Add((machine, task));
    }

    /// <summary>Nothing that a machine had to do is done any more.</summary>
    public void Drop(Machine machine) => ready.RemoveAll(one => one.Machine == machine);

    public void Add(VirtualTimer timer, long due) => timers.Enqueue(timer, (due, ties++));

    /// <summary>Has something happen that no machine does: at the other end of a wire.</summary>
    public void After(TimeSpan delay, Action act)
    {
        if (delay == TimeSpan.Zero)
        {
            act();
            return;
        }

        new VirtualTimer(this, machine: null, _ => act(), null).Change(delay, Timeout.InfiniteTimeSpan);
    }

    /// <returns>False when it did not come to that in the time, or nothing was left that could happen.</returns>
    public bool Run(Func<bool> until, TimeSpan atMost)
    {
        var end = Now + atMost.Ticks;
        while (!until())
        {
            // A machine may be so slow that something else becomes due first.
            if (ready.Count > 0 && !(timers.Count > 0 && Chance.Percent(4)))
            {
                RunOne();
            }
            else if (timers.TryPeek(out var timer, out var due) && due.Due <= end)
            {
                timers.Dequeue();
                Now = Math.Max(Now, due.Due);
                timer.Fire(due.Due);
            }
            else
            {
                return false;
            }
        }

        return true;
    }

    private void RunOne()
    {
        var index = Chance.Below(ready.Count);
        var (machine, task) = ready[index];
        ready[index] = ready[^1];
        ready.RemoveAt(ready.Count - 1);
        machine.Run(task);
    }

    // Not a hash of the runtime's, which is another one in each process.
    private static long Named(string what)
    {
        var name = 0L;
        foreach (var letter in what)
        {
            name = (name * 31) + letter;
        }

        return name;
    }
}

/// <summary>Random numbers that are the same for the same seed on every machine and in every version.</summary>
internal sealed class Chance(ulong seed) : Random
{
    private const ulong Step = 0x9E3779B97F4A7C15;

    // Two seeds that follow each other must not be one row of numbers, begun one apart.
    private ulong state = Mixed(seed + Step);

    public ulong Draw() => Mixed(state += Step);

    public int Below(int bound) => (int)(Draw() % (ulong)bound);

    public bool Percent(int percent) => Below(100) < percent;

    public override int Next(int minValue, int maxValue) => minValue + Below(maxValue - minValue);

    public TimeSpan Milliseconds(int least, int most) =>
        TimeSpan.FromTicks(TimeSpan.TicksPerMillisecond * Next(least, most + 1) + Below(10_000));

    private static ulong Mixed(ulong number)
    {
        number = (number ^ (number >> 30)) * 0xBF58476D1CE4E5B9;
        number = (number ^ (number >> 27)) * 0x94D049BB133111EB;
        return number ^ (number >> 31);
    }

    public void Shuffle<T>(List<T> list)
    {
        for (var last = list.Count - 1; last > 0; last--)
        {
            var other = Below(last + 1);
            (list[last], list[other]) = (list[other], list[last]);
        }
    }
}
