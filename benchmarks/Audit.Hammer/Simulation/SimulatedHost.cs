namespace Audit.Hammer.Simulation;

/// <summary>An agent host: it sends what it has until all of it is acknowledged, whatever node takes it.</summary>
internal sealed class SimulatedHost(
    World world, Machine machine, SimulatedNode[] nodes, Shape shape, Oracle oracle, int number)
{
    private readonly HashSet<int> acknowledged = [];

    public async Task RunAsync()
    {
        var open = shape.Messages.Where(message => message.Client == number).ToList();
        List<Task> underWay = [];
        while (open.Count > 0)
        {
            var batch = open.Take(world.Chance.Next(1, 9)).ToArray();
            open.RemoveRange(0, batch.Length);
            underWay.Add(DeliverAsync(batch));
            await Task.Delay(world.Chance.Milliseconds(0, 30), machine.Clock);
            if (world.Chance.Percent(60))
            {
                await Task.WhenAll(underWay);
            }

            if (world.Chance.Percent(10))
            {
                // It is not sure of it, and says it once more.
                underWay.Add(AttemptAsync(batch));
            }
        }

        await Task.WhenAll(underWay);
    }

    private async Task DeliverAsync(SimulatedMessage[] batch)
    {
        while (true)
        {
            var open = batch.Where(message => !acknowledged.Contains(message.Number)).ToArray();
            if (open.Length == 0)
            {
                return;
            }

            await AttemptAsync(open);
            await Task.Delay(world.Chance.Milliseconds(0, 60), machine.Clock);
        }
    }

    private async Task AttemptAsync(SimulatedMessage[] batch)
    {
        var node = nodes[world.Chance.Below(nodes.Length)];
        if (node.Engine is not { } engine)
        {
            return;
        }

        world.Step("send", node.Number, batch[0].Number, batch.Length);
        var sent = Array.ConvertAll(batch, message => message.Submission);
        var patience = world.Chance.Percent(20)
            ? world.Chance.Milliseconds(1, 100) : world.Chance.Milliseconds(2_000, 20_000);
        using var gaveUp = new CancellationTokenSource(patience, machine.Clock);
        var answered = TakeAsync(batch, engine, sent, world.Chance.Percent(50) ? gaveUp.Token : default);
        await Task.WhenAny(answered, node.Machine.Ended, Task.Delay(patience, machine.Clock));
    }

    private async Task TakeAsync(
        SimulatedMessage[] batch, LocalEngine engine, Submission[] sent, CancellationToken gaveUp)
    {
        try
        {
            var receipts = await engine.SubmitAsync(sent, gaveUp);
            var places = new Dictionary<StreamKey, long>();
            foreach (var (message, receipt) in batch.Zip(receipts))
            {
                world.Step("receipt", message.Number, (long)receipt.Status);
                oracle.Receive(message, receipt);
                if (receipt.Position > 0)
                {
                    acknowledged.Add(message.Number);
                }

                if (receipt.Status is ReceiptStatus.Recorded or ReceiptStatus.Violation)
                {
                    if (places.GetValueOrDefault(message.Submission.Stream) >= receipt.Position)
                    {
                        oracle.Fail($"message {message.Number} was decided before one that stood before it");
                    }

                    places[message.Submission.Stream] = receipt.Position;
                }
            }
        }
        catch (Exception failure) when (failure is EngineStoppedException or OperationCanceledException)
        {
            world.Step("turned away", number);
        }
        catch (Exception fault)
        {
            oracle.Fail($"the engine answered with a fault: {fault}");
        }
    }
}
