using System.Diagnostics;
using Audit.Load.Stores;

namespace Audit.Load;

/// <summary>Measures from its making to its reading.</summary>
internal sealed class Meter
{
    private readonly Process process = Process.GetCurrentProcess();
    private readonly TimeSpan processorTime;
    private readonly long allocated;
    private readonly int collections;
    private readonly TimeSpan paused;
    private readonly Func<TimeSpan>? serverTime;
    private readonly TimeSpan? serverTimeBefore;
    private readonly long started;

    /// <param name="store">Whose server, where there is one of its own, is looked at too.</param>
    public Meter(LoadStore? store = null)
    {
        serverTime = store?.ServerTime;
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        allocated = GC.GetTotalAllocatedBytes(precise: true);
        collections = GC.CollectionCount(0);
        paused = GC.GetTotalPauseDuration();
        processorTime = process.TotalProcessorTime;
        serverTimeBefore = serverTime?.Invoke();
        started = Stopwatch.GetTimestamp();
    }

    public TimeSpan Elapsed => Stopwatch.GetElapsedTime(started);

    public Sample Read(long events)
    {
        var elapsed = Elapsed;
        process.Refresh();
        return new Sample(
            events, elapsed, process.TotalProcessorTime - processorTime,
            GC.GetTotalAllocatedBytes(precise: true) - allocated)
        {
            ServerTime = serverTime?.Invoke() - serverTimeBefore,
            Note = $"{GC.CollectionCount(0) - collections} collections, "
                + $"{(GC.GetTotalPauseDuration() - paused).TotalMilliseconds:0} ms paused",
        };
    }
}
