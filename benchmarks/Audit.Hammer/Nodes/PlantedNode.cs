using Audit.Hammer.Simulation;
using Audit.Node.Configuration;
using Audit.Node.Hosting;

namespace Audit.Hammer.Nodes;

/// <summary>
/// A whole node with a planted defect, in a process of its own that is this program: the product's own executable
/// cannot be had with one.
/// </summary>
internal static class PlantedNode
{
    public static async Task<int> RunAsync(
        string data, string store, string rowKey, Defect defect, CancellationToken cancellation)
    {
        var last = 0L;
        var options = new NodeOptions { Store = store, Data = data, RowKey = rowKey, Urls = "http://127.0.0.1:0" };
        var seams = new NodeSeams
        {
            AroundJournal = journal =>
            {
                last = journal.LastPositionAsync(cancellation).GetAwaiter().GetResult();
                return new PlantedJournal(journal, () => last, [], defect, new Chance(1))
                {
                    Appended = position => last = position,
                    Behind = TimeSpan.FromMilliseconds(20),
                };
            },
        };
        await using var node = await NodeHost.StartAsync(options, seams, cancellation);
        await Task.Delay(Timeout.Infinite, cancellation).ContinueWith(_ => { }, TaskScheduler.Default);
        return 0;
    }
}
