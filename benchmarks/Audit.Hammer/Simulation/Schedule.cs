namespace Audit.Hammer.Simulation;

/// <summary>
/// One schedule: hosts send to nodes, which are ended, frozen, stopped and started anew over a store that fails by
/// plan. Then all goes well, and every host must get its receipts, and the store must keep them.
/// </summary>
internal sealed class Schedule
{
    private static readonly TimeSpan Storm = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Calm = TimeSpan.FromMinutes(30);

    private readonly World world;
    private readonly Faults faults;
    private readonly Shape shape;
    private readonly SimulatedStore store;
    private readonly Oracle oracle;
    private readonly SimulatedNode[] nodes;
    private readonly Machine hosts;

    private Schedule(ulong seed, Defect defect, Action<string>? trace)
    {
        var chance = new Chance(seed);
        world = new World(chance, trace);
        faults = new Faults(chance);
        shape = new Shape(chance, defect);
        store = new SimulatedStore(world) { IsFenced = defect != Defect.NoFence };
        oracle = new Oracle(store);
        nodes = [.. Enumerable.Range(0, shape.Nodes)
            .Select(number => new SimulatedNode(world, store, faults, shape, oracle, number))];
        hosts = new Machine(world, TimeSpan.Zero);
    }

    public static ScheduleOutcome Run(ulong seed, Defect defect = Defect.None, Action<string>? trace = null)
    {
        // What is awaited goes on where the machine says, and not where a test would have it.
        var before = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            var schedule = new Schedule(seed, defect, trace);
            try
            {
                schedule.Play();
            }
            catch (Exception fault)
            {
                schedule.oracle.Fail($"the schedule ended by a fault: {fault}");
            }

            return schedule.Outcome;
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }
    }

    private ScheduleOutcome Outcome => new(
        world.Steps, world.Fingerprint, oracle.Acknowledged, oracle.Lost, oracle.Doubled, oracle.Wrong,
        oracle.Findings);

    private void Play()
    {
        foreach (var message in shape.Messages)
        {
            oracle.Knows(message);
        }

        Array.ForEach(nodes, node => node.Start());
        var sending = Task.WhenAll(Enumerable.Range(0, shape.Clients).Select(number =>
            hosts.Start(new SimulatedHost(world, hosts, nodes, shape, oracle, number).RunAsync)));
        var storm = hosts.Start(DisturbAsync);
        Require(world.Run(() => storm.IsCompleted, Storm), "the storm did not end");
        faults.IsCalm = true;
        foreach (var node in nodes)
        {
            if (node.IsUp)
            {
                node.Machine.Thaw();
            }
            else
            {
                node.Start();
            }
        }

        Require(world.Run(() => sending.IsCompleted, Calm), "a host waits for its receipts for ever");
        // What was under way may still come.
        world.Run(() => false, TimeSpan.FromSeconds(20));
        Require(
            nodes.All(node => node.Followed == store.Last),
            $"a reader waits for ever: {string.Join(", ", nodes.Select(node => node.Followed))} of {store.Last}");
        Task[] stops = [.. nodes.Select(node => hosts.Start(node.StopAsync))];
        Require(world.Run(() => stops.All(stop => stop.IsCompleted), Calm), "a node does not stop");
        foreach (var fault in stops.Append(sending).Append(storm).Select(task => task.Exception).OfType<Exception>())
        {
            oracle.Fail($"something ended by a fault: {fault}");
        }

        oracle.Conclude(TestSeal());
    }

    private async Task DisturbAsync()
    {
        List<Task> mending = [];
        for (var number = 0; number < shape.Disturbances; number++)
        {
            await Task.Delay(world.Chance.Milliseconds(0, 60), hosts.Clock);
            var node = nodes[world.Chance.Below(nodes.Length)];
            if (!node.IsUp || node.Machine.IsFrozen)
            {
                continue;
            }

            mending.Add(world.Chance.Below(3) switch
            {
                0 => EndAsync(node),
                1 when !node.IsStopping => StopAsync(node),
                _ => FreezeAsync(node),
            });
        }

        await Task.WhenAll(mending);
        await Task.Delay(world.Chance.Milliseconds(0, 200), hosts.Clock);
    }

    private async Task EndAsync(SimulatedNode node)
    {
        node.Crash();
        await Task.Delay(world.Chance.Milliseconds(0, 200), hosts.Clock);
        node.Start();
    }

    private async Task FreezeAsync(SimulatedNode node)
    {
        var frozen = node.Machine;
        world.Step("freeze", node.Number);
        frozen.Freeze();
        await Task.Delay(world.Chance.Milliseconds(1, 12_000), hosts.Clock);
        world.Step("thaw", node.Number);
        frozen.Thaw();
    }

    private async Task StopAsync(SimulatedNode node)
    {
        if (await node.StopAsync())
        {
            await Task.Delay(world.Chance.Milliseconds(0, 50), hosts.Clock);
            node.Start();
        }
    }

    /// <summary>Reads every key that there is, over a connection of its own.</summary>
    private BookSeal TestSeal()
    {
        var own = new Machine(world, TimeSpan.Zero);
        var keys = new PayloadKeys(TestKeys.Row, new SimulatedKeys(store, new Wire(world, own, nodes.Length, faults)));
        var loading = own.Start(() => keys.LoadAsync(store.Rows.Select(row => row.PersistenceId), default));
        Require(world.Run(() => loading.IsCompleted, Calm), "the keys cannot be read");
        return new BookSeal(keys, TestKeys.Proof);
    }

    private void Require(bool isSo, string finding)
    {
        if (!isSo)
        {
            oracle.Fail(finding);
        }
    }
}

/// <param name="Steps">What happened that could be seen from outside.</param>
/// <param name="Fingerprint">Of these steps in their order.</param>
internal sealed record ScheduleOutcome(
    int Steps, ulong Fingerprint, int Acknowledged, int Lost, int Doubled, int Wrong, IReadOnlyList<string> Findings)
{
    public bool IsRight => Lost + Doubled + Wrong == 0;
}
