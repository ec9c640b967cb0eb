namespace Audit.Hammer.Simulation;

/// <summary>A node that may be ended and started anew: the real engine, and a reader of the journal.</summary>
internal sealed class SimulatedNode(
    World world, SimulatedStore store, Faults faults, Shape shape, Oracle oracle, int number)
{
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(50);

    private CancellationTokenSource stop = new();
    private IJournal? journal;

    public Machine Machine { get; private set; } = null!;

    public LocalEngine? Engine { get; private set; }

    /// <summary>Up to where the reader of this start has seen the journal.</summary>
    public long Followed { get; private set; }

    public bool IsUp => Engine is not null && !Machine.IsDown;

    public bool IsStopping { get; private set; }

    public int Number => number;

    public void Start()
    {
        var skew = TimeSpan.FromMilliseconds(world.Chance.Percent(20) ? world.Chance.Next(-90_000, 90_000) : 0);
        Machine = new Machine(world, skew);
        if (shape.Defect == Defect.LostWakeUp)
        {
            Machine.ForgetsOneOf = 60;
        }

        stop = new CancellationTokenSource();
        Followed = 0;
        var wire = new Wire(world, Machine, number, faults);
        var connected = new SimulatedJournal(store, wire);
        journal = shape.Defect is Defect.None or Defect.NoFence or Defect.LostWakeUp
            ? connected
            : new PlantedJournal(connected, () => store.Last, store.Uncommitted, shape.Defect, world.Chance);
        var seal = new BookSeal(new PayloadKeys(TestKeys.Row, new SimulatedKeys(store, wire)), TestKeys.Proof);
        Engine = new LocalEngine(journal, seal, shape.Options(Machine, world.Chance, oracle), Machine.Clock);
        Machine.Start(FollowAsync);
        world.Step("start", number);
    }

    /// <summary>As a kill or a loss of power would.</summary>
    public void Crash()
    {
        world.Step("crash", number);
        (Engine, IsStopping) = (null, false);
        Machine.Crash();
    }

    /// <returns>False when it was ended before it had stopped.</returns>
    public async Task<bool> StopAsync()
    {
        world.Step("stop", number);
        var (stopping, connected, machine, reader) = (Engine!, journal!, Machine, stop);
        IsStopping = true;
        await Task.WhenAny(machine.Start(() => stopping.DisposeAsync().AsTask()), machine.Ended);
        if (machine.IsDown)
        {
            return false;
        }

        IsStopping = false;
        Engine = null;
        // Not the asynchronous one, which would go to a thread of the pool.
        reader.Cancel();
        await connected.DisposeAsync();
        return true;
    }

    private async Task FollowAsync()
    {
        var (from, machine, ended) = (journal!, Machine, stop.Token);
        var at = 0L;
        while (!ended.IsCancellationRequested)
        {
            try
            {
                await from.WaitForMoreAsync(at, ended);
                foreach (var row in await from.ReadAfterAsync(at, 20, long.MaxValue, ended))
                {
                    oracle.Follow(row);
                    at = row.Position;
                }

                Followed = machine == Machine ? at : Followed;
            }
            catch (Exception failure) when (failure is JournalUnavailableException or TimeoutException)
            {
                await Task.Delay(Rest, machine.Clock, ended);
            }
            catch (OperationCanceledException) when (ended.IsCancellationRequested)
            {
                return;
            }
        }
    }
}
