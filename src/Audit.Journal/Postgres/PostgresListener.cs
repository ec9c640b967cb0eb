namespace Audit.Journal.Postgres;

/// <summary>Waits for what others wrote, on a connection of its own that it opens again whenever it breaks.</summary>
internal sealed class PostgresListener : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>
    /// After so long without a word the server is asked, which also finds out that the connection is dead.
    /// </summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(20);

    private readonly CancellationTokenSource stop = new();
    private readonly PostgresPool pool;
    private readonly PostgresWriter writer;
    private readonly CommitSignal signal;
    private readonly FailureLog failures;
    private readonly Task work;

    public PostgresListener(PostgresPool pool, PostgresWriter writer, CommitSignal signal, FailureLog failures)
    {
        this.pool = pool;
        this.writer = writer;
        this.signal = signal;
        this.failures = failures;
        work = Task.Run(WorkAsync);
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await work;
    }

    private async Task WorkAsync()
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await ListenAsync();
            }
            catch (Exception) when (stop.IsCancellationRequested)
            {
                // It is not needed any more.
            }
            catch (Exception failure)
            {
                failures.Report("journal listener", failure);
                // Those who wait look for themselves every few seconds, so nothing is missed meanwhile.
                await Task.Delay(Pause, stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task ListenAsync()
    {
        await using var connection = await pool.OpenLastingAsync(stop.Token);
        var foreign = true;
        connection.Notification += (_, notice) => foreign |= notice.PID != writer.ProcessId;
        await connection.RunSqlAsync("LISTEN journal", stop.Token);
        while (true)
        {
            // Of its own appends the journal knows already.
            if (foreign)
            {
                foreign = false;
                signal.Advance(await PostgresReads.LastPositionAsync(connection, stop.Token));
            }
            foreign |= !await connection.WaitAsync(Silence, stop.Token);
        }
    }
}
