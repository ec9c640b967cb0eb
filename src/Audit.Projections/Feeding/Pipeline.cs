using System.Diagnostics;
using System.Threading.Channels;
using Audit.Projections.Folding;

namespace Audit.Projections.Feeding;

/// <summary>Reads and parses the journal, folds it and writes it, each a batch ahead of the next.</summary>
/// <param name="isUnhurried">It rests after each batch.</param>
internal sealed class Pipeline(IJournal journal, FeedLimits limits, bool isUnhurried = false)
{
    /// <summary>A fifth of the time leaves a node of two processors nearly all of it for the intake.</summary>
    private const int RestsTimes = 4;

    /// <param name="from">Where it begins; null for where the store stands.</param>
    /// <param name="follow">How more is waited for at the journal's end; null to end there.</param>
    /// <param name="committed">Called with every batch once it is written.</param>
    /// <exception cref="PoisonException">An event cannot be read; all before it is written.</exception>
    /// <exception cref="WentBackException">The journal is another one.</exception>
    /// <exception cref="OffsetMovedException">The store is another one.</exception>
    public async Task RunAsync(
        IReadLead lead, ReadOffset? from, Following? follow, Action<FactBatch> committed, CancellationToken cancellation)
    {
        var start = from ?? (await OffsetRow.ReadAsync(lead, cancellation)).Offset;
        var skipped = await Skipped.ReadAsync(lead, cancellation);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var batches = Channel.CreateBounded<FactBatch>(
            new BoundedChannelOptions(1) { SingleReader = true, SingleWriter = true });
        var feed = new JournalFeed(journal, limits, skipped);
        var feeding = Task.Run(
            () => feed.RunAsync(start, follow, batches.Writer, ending.Token), CancellationToken.None);
        try
        {
            await WriteAllAsync(lead, start.Position == 0, batches.Reader, skipped, committed, cancellation);
        }
        finally
        {
            await ending.CancelAsync();
            await feeding;
        }
    }

    private async Task WriteAllAsync(
        IReadLead lead, bool isEmpty, ChannelReader<FactBatch> batches, IReadOnlySet<long> skipped,
        Action<FactBatch> committed, CancellationToken cancellation)
    {
        var cache = new ReadCache { Met = isEmpty ? new SessionsMet() : null };
        var streams = new CallStreams(journal);
        WorkingSet? before = null;
        var (rows, other) = (new BatchRows(), new BatchRows());
        var writing = Task.CompletedTask;
        try
        {
            while (await IsMoreAsync(batches, writing, cancellation))
            {
                if (!batches.TryRead(out var facts))
                {
                    continue;
                }

                var begun = Stopwatch.GetTimestamp();

                // A window judges anew what lies in the store, so the store must have all that came before.
                if (facts.Events.Any(one => one.Kind == EventKind.Window))
                {
                    await writing;
                    before = null;
                }

                var fold = new BatchFold(lead, cache, before, streams, skipped, limits.RejudgedAtOnce, cancellation);
                var ready = rows.Fill(await fold.FoldAsync(facts));
                before = fold.Set;
                await writing;

                // The events themselves are needed no more, and garbage that lives long is expensive.
                var done = facts with { Events = [] };
                writing = Task.Run(
                    () => WriteAsync(lead, ready, done, committed, cancellation), CancellationToken.None);
                (rows, other) = (other, rows);
                if (isUnhurried)
                {
                    await writing;
                    await GivingWay.RestAsync(RestsTimes, begun, cancellation);
                }
            }

            await writing;
        }
        finally
        {
            // Whatever ended it, nobody else may use the connection before the last write has.
            await writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>What a write failed with does not wait for the next batch, which may be long in coming.</summary>
    private static async Task<bool> IsMoreAsync(
        ChannelReader<FactBatch> batches, Task writing, CancellationToken cancellation)
    {
        var more = batches.WaitToReadAsync(cancellation).AsTask();
        if (await Task.WhenAny(more, writing) == writing)
        {
            await writing;
        }

        return await more;
    }

    private static async Task WriteAsync(
        IReadLead lead, BatchRows rows, FactBatch facts, Action<FactBatch> committed, CancellationToken cancellation)
    {
        if (!await lead.WriteAsync(rows, cancellation))
        {
            throw new OffsetMovedException();
        }

        committed(facts);
    }
}
