namespace Audit.Journal.Postgres;

/// <summary>Waits for what others wrote, on a connection of its own that it opens again whenever it breaks.</summary>
internal sealed class PostgresListener : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>
    /// After so long without a word the server is asked, which also finds out that the connection is dead.
    /// </summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(20);

    private readonly PostgresPool pool;
    private readonly PostgresWriter writer;
    private readonly CommitSignal signal;
    private readonly FailureLog failures;
    private readonly BackgroundWork work;

    public PostgresListener(PostgresPool pool, PostgresWriter writer, CommitSignal signal, FailureLog failures)
    {
        (this.pool, this.writer, this.signal, this.failures) = (pool, writer, signal, failures);
        work = new BackgroundWork(WorkAsync);
    }

    public ValueTask DisposeAsync() => work.DisposeAsync();

    private async Task WorkAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await ListenAsync(stopping);
            }
            catch (Exception) when (stopping.IsCancellationRequested)
            {
                // It is not needed any more.
            }
            catch (Exception failure)
            {
                failures.Report("journal listener", failure);
                // Those who wait look for themselves every few seconds, so nothing is missed meanwhile.
                await Task.Delay(Pause, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task ListenAsync(CancellationToken stopping)
    {
        await using var connection = await pool.OpenLastingAsync(stopping);
        var foreign = true;
        connection.Notification += (_, notice) => foreign |= notice.PID != writer.ProcessId;
        await connection.RunSqlAsync("LISTEN journal", stopping);
        while (true)
        {
            // Of its own appends the journal knows already.
            if (foreign)
            {
                foreign = false;
                signal.Advance(await PostgresReads.LastPositionAsync(connection, stopping));
            }
            foreign |= !await connection.WaitAsync(Silence, stopping);
        }
    }
}
