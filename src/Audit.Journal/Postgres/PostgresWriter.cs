using System.Threading.Channels;

namespace Audit.Journal.Postgres;

/// <summary>Takes appends in the order they are posted, and gets a new connection where the last one broke.</summary>
internal sealed class PostgresWriter : IAsyncDisposable
{
    private const int LongestQueue = 256;
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    private readonly Channel<Func<Task>> queue =
        Channel.CreateBounded<Func<Task>>(new BoundedChannelOptions(LongestQueue) { SingleReader = true });
    private readonly PostgresPool pool;
    private readonly FailureLog failures;
    private readonly Guid writer = Guid.NewGuid();
    private readonly Task work;
    private PostgresAppender? appender;
    private TimeSpan pause = ShortestPause;
    private long nextAttempt;
    private volatile int processId;

    public PostgresWriter(PostgresPool pool, FailureLog failures)
    {
        this.pool = pool;
        this.failures = failures;
        work = Task.Run(WorkAsync);
    }

    public int ProcessId => processId;

    /// <summary>Writes the rows when their turn has come; cancelled before, nothing is begun.</summary>
    /// <exception cref="JournalUnavailableException">Whether the rows were committed is not known.</exception>
    public async Task<long> AppendAsync(
        IReadOnlyList<RowToAppend> rows, Memory<long> positions, CancellationToken cancellation)
    {
        var done = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            await queue.Writer.WriteAsync(() => DoAsync(rows, positions, done, cancellation), cancellation);
        }
        catch (ChannelClosedException)
        {
            throw new ObjectDisposedException(nameof(IJournal), "The store is closed.");
        }
        return await done.Task;
    }

    public async ValueTask DisposeAsync()
    {
        queue.Writer.TryComplete();
        await work;
    }

    private async Task WorkAsync()
    {
        await foreach (var append in queue.Reader.ReadAllAsync())
        {
            await append();
        }

        await DropAsync();
    }

    private async Task DoAsync(
        IReadOnlyList<RowToAppend> rows, Memory<long> positions, TaskCompletionSource<long> done,
        CancellationToken cancellation)
    {
        if (cancellation.IsCancellationRequested)
        {
            done.SetCanceled(cancellation);
            return;
        }
        try
        {
            var ready = await ReadyAsync();
            done.SetResult(await ready.AppendAsync(rows, positions));
        }
        catch (Exception failure) when (failure is ArgumentException or JournalUnavailableException)
        {
            // Nothing was sent.
            done.SetException(failure);
        }
        catch (Exception failure)
        {
            await DropAsync();
            done.SetException(new JournalUnavailableException(
                $"PostgreSQL at {pool.Place}: {failure.Message}", failure));
        }
    }

    private async Task<PostgresAppender> ReadyAsync()
    {
        if (appender is not null && !await appender.IsAliveAsync())
        {
            await DropAsync();
        }

        return appender ??= await ConnectAsync();
    }

    // Between attempts appends fail at once, so that those who wait for them learn it soon and the server is not
    // asked without end.
    private async Task<PostgresAppender> ConnectAsync()
    {
        if (Environment.TickCount64 < nextAttempt)
        {
            throw new JournalUnavailableException(
                $"PostgreSQL at {pool.Place} did not answer; it is tried again soon.");
        }

        try
        {
            var opened = await PostgresAppender.OpenAsync(pool, writer, failures, CancellationToken.None);
            processId = opened.ProcessId;
            pause = ShortestPause;
            return opened;
        }
        catch (Exception failure)
        {
            nextAttempt = Environment.TickCount64 + (long)pause.TotalMilliseconds;
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            throw new JournalUnavailableException($"PostgreSQL at {pool.Place}: {failure.Message}", failure);
        }
    }

    private async Task DropAsync()
    {
        var broken = appender;
        appender = null;
        if (broken is null)
        {
            return;
        }

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
