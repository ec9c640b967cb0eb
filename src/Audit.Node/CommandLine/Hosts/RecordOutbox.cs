using System.Buffers;
using System.Threading.Channels;

namespace Audit.Node.CommandLine.Hosts;

/// <summary>
/// Sends what became of calls in the order in which it was said, many in one request when they come together, and
/// again until the node has them. It lies in memory: what must not be lost is waited for.
/// </summary>
internal sealed class RecordOutbox : IAsyncDisposable
{
    /// <summary>What a node that is away leaves here at most; more is not held for it.</summary>
    private const int MostWaiting = 10_000;

    private const int MostInOne = 256, MostBytesInOne = 1 << 20;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    /// <summary>What nobody waits for goes with what follows at once: a quick call costs one request.</summary>
    private static readonly TimeSpan Company = TimeSpan.FromMilliseconds(5);

    private readonly Channel<Item> waiting =
        Channel.CreateUnbounded<Item>(new UnboundedChannelOptions { SingleReader = false });

    private readonly CancellationTokenSource ending = new();
    private readonly RecordPost post;
    private readonly Action<string> note;
    private readonly Task sending;
    private int count;
    private volatile string? trouble;

    /// <param name="note">Takes what a person should know, in a sentence.</param>
    public RecordOutbox(NodeClient node, Action<string> note)
    {
        (post, this.note) = (new RecordPost(node, []), note);
        sending = SendAllAsync();
    }

    /// <summary>Why something waits still; null while nothing is known to be wrong.</summary>
    public string? Trouble => trouble;

    /// <param name="isPressing">Somebody waits for it.</param>
    /// <returns>Null once the item is durable; why it never will be, where the node will not have it.</returns>
    public Task<string?> Post(byte[] item, bool isPressing = false)
    {
        var entry = new Item(item, isPressing);
        if (Interlocked.Increment(ref count) > MostWaiting || !waiting.Writer.TryWrite(entry))
        {
            Interlocked.Decrement(ref count);
            entry.Kept.SetResult("too much waits to be written down already");
        }

        return entry.Kept.Task;
    }

    /// <summary>Takes no more, and waits as long for what it has.</summary>
    /// <returns>Whether all of it is in the book, or refused.</returns>
    public async Task<bool> CloseAsync(TimeSpan patience)
    {
        waiting.Writer.TryComplete();
        await Task.WhenAny(sending, Task.Delay(patience));
        await ending.CancelAsync();
        await sending;
        var left = Volatile.Read(ref count);
        if (left > 0)
        {
            note($"{left} records could not be written: {trouble ?? "there was no time"}");
        }

        return left == 0;
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync(TimeSpan.Zero);
        ending.Dispose();
    }

    private async Task SendAllAsync()
    {
        var batch = new List<Item>();
        try
        {
            while (await waiting.Reader.WaitToReadAsync(ending.Token))
            {
                if (!Take(batch))
                {
                    await Task.WhenAny(waiting.Reader.WaitToReadAsync(ending.Token).AsTask(), Task.Delay(Company));
                    Take(batch);
                }

                await SendAsync(batch);
            }
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            // Whoever closes counts what is left.
        }
    }

    /// <returns>Whether there is enough, or somebody waits for it.</returns>
    private bool Take(List<Item> batch)
    {
        var bytes = batch.Sum(item => item.Bytes.Length);
        while (batch.Count < MostInOne && bytes < MostBytesInOne && waiting.Reader.TryRead(out var item))
        {
            batch.Add(item);
            bytes += item.Bytes.Length;
        }

        return batch.Count == MostInOne || bytes >= MostBytesInOne || batch.Exists(item => item.IsPressing);
    }

    private async Task SendAsync(List<Item> batch)
    {
        string? said = null;
        while (batch.Count > 0)
        {
            var received = 0;
            var why = await TrySendAsync(batch, receipt =>
            {
                Interlocked.Decrement(ref count);
                batch[received++].Kept.TrySetResult(
                    receipt.Status is "invalid" or "refused" ? receipt.Error ?? receipt.Status : null);
            });
            batch.RemoveRange(0, received);
            trouble = batch.Count > 0 ? why : null;
            if (batch.Count > 0)
            {
                if (said != why)
                {
                    note($"{batch.Count} records wait: {why}");
                    said = why;
                }

                await Task.Delay(Pause, ending.Token);
            }
        }
    }

    private async Task<string> TrySendAsync(List<Item> batch, Action<ReceiptLine> receive)
    {
        var lines = new ArrayBufferWriter<byte>();
        foreach (var item in batch)
        {
            lines.Write(item.Bytes);
            lines.Write("\n"u8);
        }

        try
        {
            var sent = await post.SendAsync(
                new ReadOnlySequence<byte>(lines.WrittenMemory), receive, ending.Token);
            return sent.Trouble;
        }
        catch (NodeException refusal)
        {
            return refusal.Message;
        }
    }

    private sealed record Item(byte[] Bytes, bool IsPressing)
    {
        public TaskCompletionSource<string?> Kept { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
