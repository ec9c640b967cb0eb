using System.Threading.Channels;
using Audit.Integrity.Entries;

namespace Audit.Integrity.Verification;

/// <summary>
/// Reads batches, hashes several at once, and gives them on in order. What is under way is bounded, and so is the
/// memory.
/// </summary>
internal static class RowPipeline
{
    public static async Task RunAsync(
        IRowSource source, EntryKeys? keys, Func<ReadBatch, CancellationToken, Task> take,
        CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var depth = 2 * Environment.ProcessorCount + 1;
        var free = Channel.CreateBounded<ReadBatch>(depth);
        for (var i = 0; i < depth; i++)
        {
            free.Writer.TryWrite(new ReadBatch());
        }

        var filled = Channel.CreateBounded<(ReadBatch Batch, Task Work)>(depth);
        var reading = Task.Run(
            () => ReadAsync(source, keys, free.Reader, filled.Writer, stop.Token), CancellationToken.None);
        try
        {
            await foreach (var (batch, work) in filled.Reader.ReadAllAsync(stop.Token))
            {
                await work;
                await take(batch, stop.Token);
                batch.Rows.Clear();
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
        IRowSource source,
        EntryKeys? keys,
        ChannelReader<ReadBatch> free,
        ChannelWriter<(ReadBatch, Task)> filled,
        CancellationToken cancellation)
    {
        Exception? failure = null;
        try
        {
            while (true)
            {
                var batch = await free.ReadAsync(cancellation);
                await source.FillAsync(batch.Rows, cancellation);
                if (batch.Rows.Count == 0)
                {
                    return;
                }

                var work = Task.Run(() => batch.Work(keys), CancellationToken.None);
                await filled.WriteAsync((batch, work), cancellation);
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

/// <summary>Rows with their hashes, and with what each says as far as completeness asks.</summary>
internal sealed class ReadBatch
{
    private readonly CheckedEvent[] facts = new CheckedEvent[RowBatch.MostRows];

    public RowBatch Rows { get; } = new();

    public ref readonly CheckedEvent Facts(int index) => ref facts[index];

    public void Work(EntryKeys? keys)
    {
        Rows.Hash(keys);
        for (var i = 0; i < Rows.Count; i++)
        {
            facts[i] = CheckedEvent.Of(Rows, i);
        }
    }
}
