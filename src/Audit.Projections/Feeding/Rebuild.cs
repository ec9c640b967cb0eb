using System.Diagnostics;

namespace Audit.Projections.Feeding;

/// <summary>
/// Fills a second store from the first position on, as the first one was, and puts it in the first one's place.
/// </summary>
/// <param name="what">What is rebuilt, as sentences name it.</param>
/// <param name="verb">Is it one, or are they many.</param>
internal abstract class Rebuild(IReadStore live, IJournal journal, string what, string verb)
{
    /// <summary>
    /// Under load the end moves on while one catches up; what is left then is caught up after the swap.
    /// </summary>
    private const int MostRounds = 3;

    private readonly Lock gate = new();
    private Turn? current;

    /// <summary>One that hurries takes the place of one that does not, which ends with an exception.</summary>
    /// <param name="isUnhurried">It rests between its batches, for others write the journal meanwhile.</param>
    /// <exception cref="ReadModelsException">Another one runs, and goes first.</exception>
    public async Task RunAsync(
        IProgress<RebuildProgress>? progress, CancellationToken cancellation, bool isUnhurried = false)
    {
        var mine = new Turn(isUnhurried);
        Turn? before;
        lock (gate)
        {
            before = current;
            if (before is not null && (isUnhurried || !before.IsUnhurried))
            {
                throw new ReadModelsException($"The {what} {verb} being rebuilt already.");
            }

            current = mine;
        }

        try
        {
            await (before?.EndAsync() ?? Task.CompletedTask);
            using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation, mine.Ending);
            await using var next = await live.CreateNextAsync(ending.Token);
            await FillAsync(next, isUnhurried, progress, ending.Token);
            await PrepareAsync(next, ending.Token);
            await live.ReplaceByAsync(next, ending.Token);
        }
        catch (OperationCanceledException) when (mine.Ending.IsCancellationRequested)
        {
            throw new ReadModelsException($"The {what} {verb} being rebuilt by somebody who waits for it.");
        }
        finally
        {
            lock (gate)
            {
                current = current == mine ? null : current;
            }

            mine.Leave();
        }
    }

    /// <summary>Takes over what is not made of the journal, as far as it is not there yet.</summary>
    protected virtual Task PrepareAsync(IReadStore next, CancellationToken cancellation) => Task.CompletedTask;

    /// <summary>Feeds a store from where it is to the journal's end.</summary>
    /// <param name="committed">Called for every batch once it is written, with its last position.</param>
    protected abstract Task FeedAsync(
        IReadLead lead, IJournal journal, bool isUnhurried, Action<long> committed, CancellationToken cancellation);

    private async Task FillAsync(
        IReadStore next, bool isUnhurried, IProgress<RebuildProgress>? progress, CancellationToken cancellation)
    {
        await PrepareAsync(next, cancellation);
        await using var lead = await next.TryLeadAsync(cancellation)
            ?? throw new ReadModelsException($"Somebody else writes to the {what} that {verb} being rebuilt.");
        var done = -1L;
        for (var round = 0; round < MostRounds && done < await journal.LastPositionAsync(cancellation); round++)
        {
            // An end that moves on is not run after, nor is what came meanwhile waited for: it would never be reached.
            var end = await journal.LastPositionAsync(cancellation);
            done = Math.Max(done, 0);
            await FeedAsync(
                lead, new JournalUntil(journal, end), isUnhurried && round == 0,
                position =>
                {
                    done = position;
                    progress?.Report(new RebuildProgress(done, Math.Max(done, end)));
                },
                cancellation);
        }
    }

    /// <summary>Of one that runs.</summary>
    private sealed class Turn(bool isUnhurried)
    {
        private readonly CancellationTokenSource ending = new();
        private readonly TaskCompletionSource left = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool IsUnhurried => isUnhurried;

        public CancellationToken Ending => ending.Token;

        public void Leave() => left.SetResult();

        /// <summary>Waits until it has let go of what it made.</summary>
        public async Task EndAsync()
        {
            await ending.CancelAsync();
            await left.Task;
        }
    }
}

/// <summary>What nobody waits for gives way: it rests longer than it worked, and never long at a time.</summary>
internal static class GivingWay
{
    private static readonly TimeSpan LongestRest = TimeSpan.FromSeconds(2);

    /// <param name="times">So many times as long as it worked.</param>
    /// <param name="begun">When the work began, as the stopwatch has it.</param>
    public static Task RestAsync(int times, long begun, CancellationToken cancellation)
    {
        var rest = times * Stopwatch.GetElapsedTime(begun);
        return Task.Delay(rest < LongestRest ? rest : LongestRest, cancellation);
    }
}

/// <summary>A journal as far as somebody read it.</summary>
internal sealed class JournalUntil(IJournal inner, long last) : IJournal
{
    public Task AppendAsync(
        IReadOnlyList<RowToAppend> rows, Memory<long> positions, CancellationToken cancellation) =>
        throw new NotSupportedException("What is made of a journal writes nothing to it.");

    public Task<IReadOnlyList<IReadOnlyList<JournalRow>>> ReadStreamsAsync(
        IReadOnlyList<StreamKey> streams, CancellationToken cancellation) =>
        inner.ReadStreamsAsync(streams, cancellation);

    public Task<IReadOnlyList<JournalRow>> ReadStreamAsync(
        StreamKey stream, long afterSequence, int limit, CancellationToken cancellation) =>
        inner.ReadStreamAsync(stream, afterSequence, limit, cancellation);

    public Task<long[]> ReadPositionsAsync(
        IReadOnlyList<StreamPlace> places, CancellationToken cancellation) =>
        inner.ReadPositionsAsync(places, cancellation);

    public async Task<IReadOnlyList<JournalRow>> ReadAfterAsync(
        long position, int limit, long byteLimit, CancellationToken cancellation)
    {
        var rows = await inner.ReadAfterAsync(position, limit, byteLimit, cancellation);
        return [.. rows.TakeWhile(row => row.Position <= last)];
    }

    public Task<IReadOnlyList<JournalRow>> ReadBeforeAsync(
        long position, int limit, long byteLimit, CancellationToken cancellation) =>
        inner.ReadBeforeAsync(position, limit, byteLimit, cancellation);

    public Task<JournalRow?> ReadRowAsync(long position, CancellationToken cancellation) =>
        inner.ReadRowAsync(position, cancellation);

    public Task<bool> IsCutAsync(long position, CancellationToken cancellation) =>
        inner.IsCutAsync(position, cancellation);

    public Task<long> LastPositionAsync(CancellationToken cancellation) => Task.FromResult(last);

    public Task TryCommitAsync(CancellationToken cancellation) => inner.TryCommitAsync(cancellation);

    public Task<long> WaitForMoreAsync(long position, CancellationToken cancellation) => Task.FromResult(last);

    public ValueTask DisposeAsync() => default;
}

/// <summary>The rebuild of the read models; what an operator had skipped stays skipped.</summary>
internal sealed class ModelsRebuild(IReadStore live, IJournal journal, FeedLimits limits)
    : Rebuild(live, journal, "read models", "are")
{
    private readonly IReadStore live = live;

    protected override Task FeedAsync(
        IReadLead lead, IJournal journal, bool isUnhurried, Action<long> committed, CancellationToken cancellation) =>
        new Pipeline(journal, limits, isUnhurried).RunAsync(
            lead, null, follow: null, batch => committed(batch.To.Position), cancellation);

    protected override async Task PrepareAsync(IReadStore next, CancellationToken cancellation)
    {
        await next.MakeTablesAsync(cancellation);
        await Skipped.CopyAsync(live, next, cancellation);
    }
}

/// <summary>How far a rebuild is: a position, of the journal's last.</summary>
public readonly record struct RebuildProgress(long Position, long End);
