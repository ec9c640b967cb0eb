using System.Threading.Channels;

namespace Audit.Integrity;

/// <summary>
/// Reads batches, hashes several at once, and gives them on in order. What is under way is bounded, and so is the memory.
/// </summary>
internal static class RowPipeline
{
    public static async Task RunAsync(
        IRowSource source, Func<RowBatch, CancellationToken, Task> take, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var depth = 2 * Environment.ProcessorCount + 1;
        var free = Channel.CreateBounded<RowBatch>(depth);
        for (var i = 0; i < depth; i++)
            free.Writer.TryWrite(new RowBatch());
        var filled = Channel.CreateBounded<(RowBatch Batch, Task Work)>(depth);
        var reading = Task.Run(() => ReadAsync(source, free.Reader, filled.Writer, stop.Token), CancellationToken.None);
        try
        {
            await foreach (var (batch, work) in filled.Reader.ReadAllAsync(stop.Token).ConfigureAwait(false))
            {
                await work.ConfigureAwait(false);
                await take(batch, stop.Token).ConfigureAwait(false);
                batch.Clear();
                free.Writer.TryWrite(batch);
            }
        }
        finally
        {
            // Whoever gave the source may close it once this has returned.
            await stop.CancelAsync().ConfigureAwait(false);
            await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        await reading.ConfigureAwait(false);
    }

    private static async Task ReadAsync(
        IRowSource source, ChannelReader<RowBatch> free, ChannelWriter<(RowBatch, Task)> filled, CancellationToken cancellation)
    {
        Exception? failure = null;
        try
        {
            while (true)
            {
                var batch = await free.ReadAsync(cancellation).ConfigureAwait(false);
                await source.FillAsync(batch, cancellation).ConfigureAwait(false);
                if (batch.Count == 0)
                    return;
                await filled.WriteAsync((batch, Task.Run(batch.Work, CancellationToken.None)), cancellation).ConfigureAwait(false);
            }
        }
        catch (Exception thrown)
        {
            failure = thrown;
        }
        finally
        {
            filled.TryComplete(failure);
        }
    }
}
