using System.Diagnostics;
using Audit.Client.Http;

namespace Audit.Client.Sending;

/// <summary>Lines that are sent together, in the order in which they were given.</summary>
internal readonly record struct OutgoingLines(ReadOnlySequence<byte> Bytes, int Count);

/// <summary>What waits to be sent, in order.</summary>
internal interface IOutbox
{
    /// <summary>The first lines that wait, as soon as there are any.</summary>
    ValueTask<OutgoingLines> NextAsync(CancellationToken cancellation);

    /// <summary>How long one attempt on them may take.</summary>
    TimeSpan AttemptTime { get; }

    /// <summary>The first line that waits has its receipt, and waits no longer.</summary>
    void Settle(ReceiptLine receipt);

    /// <summary>An attempt is over; those that were to be sent and have no receipt wait on.</summary>
    /// <param name="trouble">Why some have none; null where all have.</param>
    void EndAttempt(NodeException? trouble);

    /// <summary>Nothing is sent any more.</summary>
    void Close(NodeException why);
}

/// <summary>
/// Lines in memory, each with somebody who waits for its receipt, and not longer than the patience. A line that nobody
/// waits for any more may have reached the node all the same.
/// </summary>
internal sealed class MemoryOutbox(TimeSpan patience, long most) : IOutbox
{
    private const int MostLines = 500;
    private const int MostBytes = 1 << 20;

    private readonly object gate = new();
    private readonly LinkedList<Waiting> waiting = new();
    private static readonly TimeSpan LongestAttempt = TimeSpan.FromMinutes(1);

    private readonly SemaphoreSlim arrived = new(0);
    private long bytes;
    private int pressing;
    private int attempted;
    private NodeException? closed;

    /// <summary>What nobody waits for goes with what follows within this: a quick call costs one request.</summary>
    public TimeSpan Company { get; init; }

    private sealed record Waiting(
        byte[] Line, long Since, bool IsPressing, TaskCompletionSource<ReceiptLine> Receipt);

    public TimeSpan AttemptTime
    {
        get
        {
            lock (gate)
            {
                var left = waiting.First is { } first ? LeftOf(first.Value) : patience;
                return left < LongestAttempt ? left : LongestAttempt;
            }
        }
    }

    /// <param name="isPressing">Somebody waits for it.</param>
    /// <exception cref="NodeException">It has no receipt, and may or may not have been written.</exception>
    public Task<ReceiptLine> SendAsync(byte[] line, bool isPressing = true)
    {
        var item = new Waiting(
            line, Stopwatch.GetTimestamp(), isPressing, new TaskCompletionSource<ReceiptLine>(
                TaskCreationOptions.RunContinuationsAsynchronously));
        lock (gate)
        {
            if (closed is not null)
            {
                throw closed;
            }

            if (waiting.Count > 0 && bytes + line.Length > most)
            {
                throw new NodeException(
                    NodeTrouble.Full, $"{bytes} bytes wait to be sent already, and {most} may; this was not sent.");
            }

            waiting.AddLast(item);
            bytes += line.Length;
            pressing += isPressing ? 1 : 0;
        }

        arrived.Release();
        return item.Receipt.Task;
    }

    public async ValueTask<OutgoingLines> NextAsync(CancellationToken cancellation)
    {
        while (true)
        {
            var rest = Timeout.InfiniteTimeSpan;
            lock (gate)
            {
                if (waiting.First is { } first)
                {
                    rest = pressing > 0 || waiting.Count >= MostLines ? TimeSpan.Zero
                        : Company - Stopwatch.GetElapsedTime(first.Value.Since);
                    if (rest <= TimeSpan.Zero)
                    {
                        return First();
                    }
                }
            }

            await arrived.WaitAsync(rest, cancellation);
        }
    }

    public void Settle(ReceiptLine receipt)
    {
        attempted--;
        TakeFirst()?.Receipt.TrySetResult(receipt);
    }

    public void EndAttempt(NodeException? trouble)
    {
        if (trouble is null)
        {
            return;
        }

        // What would be refused again is what was sent, and not what came meanwhile.
        var isFinal = trouble.Trouble is not (NodeTrouble.Unreachable or NodeTrouble.Unreadable) && !trouble.IsForNow;
        for (var refused = isFinal ? attempted : 0; ; refused--)
        {
            lock (gate)
            {
                if (waiting.First is not { } first || (refused <= 0 && LeftOf(first.Value) > TimeSpan.Zero))
                {
                    return;
                }
            }

            TakeFirst()?.Receipt.TrySetException(trouble);
        }
    }

    public void Close(NodeException why)
    {
        lock (gate)
        {
            closed = why;
        }

        while (TakeFirst() is { } left)
        {
            left.Receipt.TrySetException(why);
        }
    }

    private TimeSpan LeftOf(Waiting item) =>
        patience - Stopwatch.GetElapsedTime(item.Since) is { Ticks: > 0 } left ? left : TimeSpan.Zero;

    private OutgoingLines First()
    {
        var lines = new List<byte[]>();
        var length = 0;
        foreach (var item in waiting)
        {
            if (lines.Count == MostLines || (lines.Count > 0 && length + item.Line.Length > MostBytes))
            {
                break;
            }

            lines.Add(item.Line);
            length += item.Line.Length;
        }

        attempted = lines.Count;
        var together = new byte[length];
        var at = 0;
        foreach (var line in lines)
        {
            line.CopyTo(together, at);
            at += line.Length;
        }

        return new OutgoingLines(new ReadOnlySequence<byte>(together), lines.Count);
    }

    private Waiting? TakeFirst()
    {
        lock (gate)
        {
            if (waiting.First?.Value is not { } first)
            {
                return null;
            }

            waiting.RemoveFirst();
            bytes -= first.Line.Length;
            pressing -= first.IsPressing ? 1 : 0;
            return first;
        }
    }
}
