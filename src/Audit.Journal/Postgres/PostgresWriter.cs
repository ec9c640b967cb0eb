using System.Threading.Channels;

namespace Audit.Journal.Postgres;

/// <summary>Takes appends in the order they are posted, and gets a new connection where the last one broke.</summary>
internal sealed class PostgresWriter : IAsyncDisposable
{
    private const int LongestQueue = 256;
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    /// <summary>
    /// An append that takes longer is given up, for the driver takes as long again to find that nobody answers. Whether
    /// it was committed, or will be, is not known of it, as of any that breaks.
    /// </summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>How long an append waits for a new connection after something was waited for in vain.</summary>
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(200);

    private readonly Channel<Func<Task>> queue =
        Channel.CreateBounded<Func<Task>>(new BoundedChannelOptions(LongestQueue) { SingleReader = true });
    private readonly PostgresPool pool;
    private readonly Func<long> seen;
    private readonly FailureLog failures;
    private readonly string writer = JournalTable.NewWriter();
    private readonly Task work;
    private PostgresAppender? appender;
    private Task<PostgresAppender>? opening;
    private TimeSpan pause = ShortestPause;
    private long nextAttempt;
    private JournalTrouble trouble;
    private volatile int processId;

    /// <param name="seen">The last position that this node has seen committed.</param>
    public PostgresWriter(PostgresPool pool, Func<long> seen, FailureLog failures)
    {
        this.pool = pool;
        this.seen = seen;
        this.failures = failures;
        work = Task.Run(WorkAsync);
    }

    public int ProcessId => processId;

    /// <summary>Writes the rows when their turn has come; cancelled before, nothing is begun.</summary>
    /// <exception cref="JournalUnavailableException">Whether the rows were committed is not known.</exception>
    public Task<long> AppendAsync(
        IReadOnlyList<RowToAppend> rows, Memory<long> positions, CancellationToken cancellation) =>
        InTurnAsync(ready => ready.AppendAsync(rows, positions), cancellation);

    /// <inheritdoc cref="IJournal.TryCommitAsync"/>
    public Task TryCommitAsync(CancellationToken cancellation) =>
        InTurnAsync(ready => ready.TryCommitAsync(), cancellation);

    public async ValueTask DisposeAsync()
    {
        queue.Writer.TryComplete();
        await work;
    }

    private async Task<long> InTurnAsync(Func<PostgresAppender, Task<long>> act, CancellationToken cancellation)
    {
        var done = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        await queue.Writer.PostAsync(() => DoAsync(act, done, cancellation), cancellation);
        return await done.Task;
    }

    private async Task WorkAsync()
    {
        await foreach (var append in queue.Reader.ReadAllAsync())
        {
            await append();
        }

        appender ??= opening is null ? null : await EndedAsync(opening);
        await DropAsync();
    }

    private async Task DoAsync(
        Func<PostgresAppender, Task<long>> act, TaskCompletionSource<long> done, CancellationToken cancellation)
    {
        if (cancellation.IsCancellationRequested)
        {
            done.SetCanceled(cancellation);
            return;
        }
        try
        {
            var ready = await ReadyAsync();
            done.SetResult(await BoundedAsync(ready, act(ready)));
        }
        catch (Exception failure) when (failure is ArgumentException or JournalUnavailableException)
        {
            // Nothing was sent, or nothing of it is left.
            done.SetException(failure);
        }
        catch (Exception failure)
        {
            await DropAsync();
            done.SetException(PostgresTrouble.Of(pool.Place, failure));
        }
    }

    private async Task<PostgresAppender> ReadyAsync()
    {
        if (appender is { } known && !await BoundedAsync(known, known.IsAliveAsync()))
        {
            await DropAsync();
        }

        return appender ??= await ConnectAsync();
    }

    private async Task<T> BoundedAsync<T>(PostgresAppender ready, Task<T> running)
    {
        try
        {
            return await running.WaitAsync(Patience);
        }
        catch (TimeoutException failure)
        {
            appender = null;
            trouble = JournalTrouble.Stalled;
            _ = LeaveAsync(ready, running);
            throw PostgresTrouble.Of(pool.Place, failure);
        }
    }

    private async Task LeaveAsync(PostgresAppender left, Task running)
    {
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await EndAsync(left);
    }

    // Between attempts appends fail at once, so that those who wait for them learn it soon and the server is not
    // asked without end. One that does not answer is waited for beside them.
    private async Task<PostgresAppender> ConnectAsync()
    {
        if (opening is null && Environment.TickCount64 < nextAttempt)
        {
            throw trouble == JournalTrouble.SetBack ? CommitSignal.SetBackBehind(seen()) : new JournalUnavailableException(
                $"PostgreSQL at {pool.Place} did not answer; it is tried again soon.", null, trouble);
        }

        // Whoever waits now has waited for the connection that was given up before.
        var longest = opening is null && trouble != JournalTrouble.Stalled ? Patience : Moment;
        opening ??= OpenAsync();
        await ((Task)opening).WaitAsync(longest).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!opening.IsCompleted)
        {
            throw new JournalUnavailableException(
                $"PostgreSQL at {pool.Place} does not answer; it is waited for.", null, JournalTrouble.Stalled);
        }

        var ended = opening;
        opening = null;
        try
        {
            var opened = await ended;
            processId = opened.ProcessId;
            pause = ShortestPause;
            trouble = JournalTrouble.Away;
            return opened;
        }
        catch (Exception failure)
        {
            nextAttempt = Environment.TickCount64 + (long)pause.TotalMilliseconds;
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            var unavailable = failure as JournalUnavailableException ?? PostgresTrouble.Of(pool.Place, failure);
            trouble = unavailable.Trouble;
            throw unavailable;
        }
    }

    /// <summary>
    /// A server that was away may be back with an older journal, or be another one that had not everything yet: what is
    /// written there takes the place of what others have receipts for.
    /// </summary>
    private async Task<PostgresAppender> OpenAsync()
    {
        var opened = await PostgresAppender.OpenAsync(pool, writer, failures, CancellationToken.None);
        var known = seen();
        if (await opened.LastPositionAsync() >= known)
        {
            return opened;
        }

        await opened.DisposeAsync();
        throw CommitSignal.SetBackBehind(known);
    }

    private async Task<PostgresAppender?> EndedAsync(Task<PostgresAppender> opened)
    {
        try
        {
            return await opened;
        }
        catch (Exception failure)
        {
            failures.Report("journal connection", failure);
            return null;
        }
    }

    private Task DropAsync()
    {
        var broken = appender;
        appender = null;
        return broken is null ? Task.CompletedTask : EndAsync(broken);
    }

    private async Task EndAsync(PostgresAppender broken)
    {
        try
        {
            await broken.DisposeAsync();
        }
        catch (Exception failure)
        {
            // It was given up already.
            failures.Report("journal connection", failure);
        }
    }
}
