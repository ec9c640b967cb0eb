using System.Buffers.Binary;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Threading.Channels;
using Audit.Projections.Folding;

namespace Audit.Projections.Feeding;

/// <summary>
/// Reads the journal on from an offset and parses it, while what was read before is being written. Before each
/// batch it looks at the row at the offset, which shows that the journal is still the same.
/// </summary>
internal sealed class JournalFeed(IJournal journal, FeedLimits limits, IReadOnlySet<long> skipped)
{
    private readonly FactsReader reader = new();

    /// <param name="follow">How more is waited for at the journal's end; null to end there.</param>
    public async Task RunAsync(
        ReadOffset start, Following? follow, ChannelWriter<FactBatch> batches, CancellationToken cancellation)
    {
        try
        {
            await ReadOnAsync(start, follow, batches, cancellation);
            batches.Complete();
        }
        catch (Exception end)
        {
            // Whoever takes the batches gets what was read until then, and after that the reason.
            batches.Complete(end);
        }
    }

    private async Task ReadOnAsync(
        ReadOffset offset, Following? follow, ChannelWriter<FactBatch> batches, CancellationToken cancellation)
    {
        while (true)
        {
            await CheckAsync(journal, offset, cancellation);
            var (batch, isEnd, poison) = await ReadBatchAsync(offset, cancellation);
            if (batch.Events.Count > 0)
            {
                offset = batch.To;
                await batches.WriteAsync(batch, cancellation);
            }

            if (poison is not null)
            {
                throw poison;
            }

            if (follow is null && batch.Events.Count == 0)
            {
                return;
            }

            if (follow is not null && isEnd)
            {
                await follow.WaitAsync(journal, offset.Position, cancellation);
            }
        }
    }

    /// <exception cref="WentBackException">The row at an offset is not the one that was read.</exception>
    public static async Task CheckAsync(IJournal journal, ReadOffset offset, CancellationToken cancellation)
    {
        if (offset.Position == 0)
        {
            return;
        }

        var row = await journal.ReadRowAsync(offset.Position, cancellation);
        if (row is null
            ? !await journal.IsCutAsync(offset.Position, cancellation)
            : !RowDigest.IsOf(row, offset.Digest))
        {
            throw new WentBackException(offset.Position);
        }
    }

    /// <summary>Reads page by page, as long as there is a whole one more, until the batch is full.</summary>
    private async Task<(FactBatch Batch, bool IsEnd, PoisonException? Poison)> ReadBatchAsync(
        ReadOffset from, CancellationToken cancellation)
    {
        var events = new List<EventFacts>();
        JournalRow? last = null;
        PoisonException? poison = null;
        var isWhole = true;
        while (isWhole && poison is null && events.Count < limits.Rows)
        {
            var limit = Math.Min(limits.PageRows, limits.Rows - events.Count);
            var page = await journal.ReadAfterAsync(
                last?.Position ?? from.Position, limit, limits.PageBytes, cancellation);
            poison = Parse(page, events, ref last);
            isWhole = page.Count == limit;
        }

        var to = last is null ? from : new ReadOffset(last.Position, RowDigest.Of(last));
        return (new FactBatch(events, from, to, last?.CreatedTicks ?? 0), !isWhole, poison);
    }

    private PoisonException? Parse(IReadOnlyList<JournalRow> page, List<EventFacts> events, ref JournalRow? last)
    {
        foreach (var row in page)
        {
            try
            {
                events.Add(skipped.Contains(row.Position) || !row.IsProven ? Passed(row) : reader.Read(row));
                last = row;
            }
            catch (PoisonException unreadable)
            {
                return unreadable;
            }
        }

        return null;
    }

    private static EventFacts Passed(JournalRow row) =>
        new() { Position = row.Position, Sequence = row.Sequence, Stream = row.PersistenceId, Kind = EventKind.Passed };
}

/// <summary>
/// Waits at the journal's end until there is more, and then a moment longer: what follows close behind is taken with
/// it, for a transaction of one event costs nearly as much as one of a hundred, and receipts go first.
/// Whoever waits for the feed ends the moment.
/// </summary>
internal sealed class Following(FeedLimits limits)
{
    private readonly Lock gate = new();
    private (long Position, long At) before;
    private TaskCompletionSource hurry = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int waiting;

    /// <summary>Awaits what the feed is to bring, which rests for no moment until then.</summary>
    public async Task HurriedAsync(Task wanted)
    {
        lock (gate)
        {
            waiting++;
            hurry.TrySetResult();
        }

        try
        {
            await wanted;
        }
        finally
        {
            lock (gate)
            {
                if (--waiting == 0)
                {
                    hurry = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                }
            }
        }
    }

    /// <summary>Waits until there may be more, or until it is time to look at the journal again.</summary>
    public async Task WaitAsync(IJournal journal, long position, CancellationToken cancellation)
    {
        var gather = GatherAt(position);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(limits.Patience);
        try
        {
            await journal.WaitForMoreAsync(position, patience.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            // Nothing came; the next reading shows whether what was there still is.
            return;
        }

        Task hurried;
        lock (gate)
        {
            hurried = hurry.Task;
        }

        if (!hurried.IsCompleted)
        {
            await hurried.WaitAsync(gather, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellation.ThrowIfCancellationRequested();
        }
    }

    /// <summary>About as long as the rows of one gathering take to come: those that come seldom cost most.</summary>
    private TimeSpan GatherAt(long position)
    {
        var (from, since) = before;
        before = (position, Stopwatch.GetTimestamp());
        var wanted = Stopwatch.GetElapsedTime(since, before.At) * limits.GatherRows / Math.Max(position - from, 1);
        return wanted < limits.Gather ? limits.Gather : wanted < limits.LongestGather ? wanted : limits.LongestGather;
    }
}

/// <summary>
/// The journal is not the one that the read models were fed from: a backup was restored, or commits were lost.
/// </summary>
internal sealed class WentBackException(long position) : Exception(
    $"journal went back: the row at position {position} is gone or is another one than was read. "
    + "Rebuild the read models once the journal is known to be the right one.")
{
    public long Position { get; } = position;
}

/// <summary>
/// The SHA-256 of all of a row. With its position it shows whether the journal is still the one that was read.
/// </summary>
internal static class RowDigest
{
    private const string OfStored = "stored:";

    // That its content cannot be opened any more makes it no other row.
    public static string Of(JournalRow row) => OfStored + Of(row, row.Stored ?? row.Message);

    /// <summary>Whether the digest is of this row; those of before were over what the row says in the clear.</summary>
    public static bool IsOf(JournalRow row, string digest) =>
        digest == (digest.StartsWith(OfStored, StringComparison.Ordinal) ? Of(row) : Of(row, row.Message));

    private static string Of(JournalRow row, byte[] message)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Append(hash, Encoding.UTF8.GetBytes(row.PersistenceId));
        Append(hash, Encoding.UTF8.GetBytes(row.Manifest));
        Span<byte> numbers = stackalloc byte[16];
        BinaryPrimitives.WriteInt64BigEndian(numbers, row.Sequence);
        BinaryPrimitives.WriteInt64BigEndian(numbers[8..], row.CreatedTicks);
        hash.AppendData(numbers);
        hash.AppendData(message);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>With its length before it, so that no text can borrow from its neighbour.</summary>
    private static void Append(IncrementalHash hash, byte[] text)
    {
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, text.Length);
        hash.AppendData(length);
        hash.AppendData(text);
    }
}
