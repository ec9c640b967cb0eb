using Akka.Cluster;

namespace Audit.Actors.Tests;

public sealed class PutDownTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly TemporaryDirectory directory = new();

    [Fact]
    public async Task a_node_that_the_cluster_puts_down_says_so_and_leaves_nobody_waiting()
    {
        var address = "sqlite:" + directory.File("journal.db");
        await using var store = await AuditStore.OpenAsync(address, TestKeys.Given, CancellationToken.None);
        await using var engine = (AkkaEngine)await QuickCluster.StartAsync(address, store, new EngineOptions());
        Assert.True(engine.Cluster.IsUp);
        Assert.False(engine.Ended.IsCompleted);

        var submitting = Enumerable.Range(0, 50).Select(number => Submit(engine, number)).ToList();
        var cluster = Cluster.Get(engine.System);
        cluster.Down(cluster.SelfAddress);
        while (!engine.Ended.IsCompleted)
        {
            submitting.Add(Submit(engine, submitting.Count));
            await Task.WhenAny(engine.Ended, Task.Delay(20));
        }

        foreach (var one in submitting)
        {
            var receipts = await one.WaitAsync(Patience);
            Assert.True(receipts is null || receipts[0].Status is ReceiptStatus.Recorded or ReceiptStatus.Unknown);
        }

        await Assert.ThrowsAsync<EngineStoppedException>(() => engine.SubmitAsync([Call(0)], CancellationToken.None));
    }

    public void Dispose() => directory.Dispose();

    private static Submission Call(int number) => Sent.Call("s", $"c{number}", EngineContract.Asked, 1);

    /// <returns>Null for what was not taken any more.</returns>
    private static async Task<Receipt[]?> Submit(AkkaEngine engine, int number)
    {
        try
        {
            return await engine.SubmitAsync([Call(number)], CancellationToken.None);
        }
        catch (EngineStoppedException)
        {
            return null;
        }
    }
}
