using Audit.Engine.Submitting;

namespace Audit.Engine.Local;

/// <summary>The streams of a shard in which something was only counted, and that is not written down yet.</summary>
internal sealed class FloodCounts
{
    private readonly HashSet<LiveStream> streams = [];

    public void Watch(LiveStream stream)
    {
        if (stream.HasUnwrittenCounts)
        {
            streams.Add(stream);
        }
    }

    /// <summary>Has them write it down; the tick is done when that is in the journal.</summary>
    public void Write(CountsTick tick, Queue<BatchPart> waiting)
    {
        var items = streams.Where(stream => stream.HasUnwrittenCounts)
            .Select(stream => new CountsSubmission(stream.Handle.Key)).ToArray();
        streams.Clear();
        if (items.Length == 0)
        {
            tick.Done.TrySetResult();
            return;
        }

        var batch = new BatchInWork(items);
        batch.Done.ContinueWith(_ => tick.Done.TrySetResult(), TaskScheduler.Current);
        waiting.Enqueue(new BatchPart(batch, [.. Enumerable.Range(1, items.Length)], 0));
    }
}

/// <summary>It is time to write counts down.</summary>
internal sealed class CountsTick
{
    public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}
