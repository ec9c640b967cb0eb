using System.Threading.Channels;
using Audit.Integrity.Rows;

namespace Audit.Integrity.Verification;

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
        {
            free.Writer.TryWrite(new RowBatch());
        }

        var filled = Channel.CreateBounded<(RowBatch Batch, Task Work)>(depth);
        var reading = Task.Run(() => ReadAsync(source, free.Reader, filled.Writer, stop.Token), CancellationToken.None);
        try
        {
            await foreach (var (batch, work) in filled.Reader.ReadAllAsync(stop.Token))
            {
                await work;
                await take(batch, stop.Token);
                batch.Clear();
                free.Writer.TryWrite(batch);
            }
        }
        finally
        {
            // Whoever gave the source may close it once this has returned.
            await stop.CancelAsync();
            await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        await reading;
    }

    private static async Task ReadAsync(
        IRowSource source, ChannelReader<RowBatch> free, ChannelWriter<(RowBatch, Task)> filled, CancellationToken cancellation)
    {
        Exception? failure = null;
        try
        {
            while (true)
            {
                var batch = await free.ReadAsync(cancellation);
                await source.FillAsync(batch, cancellation);
                if (batch.Count == 0)
                {
                    return;
                }

                await filled.WriteAsync((batch, Task.Run(batch.Work, CancellationToken.None)), cancellation);
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
