using Npgsql;

namespace Audit.Journal.Postgres;

/// <summary>Hears of what others wrote, on a connection of its own that it opens again whenever it breaks.</summary>
internal sealed class PostgresListener : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>After so long without a word the server is asked, which also finds out that the connection is dead.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(20);

    private readonly CancellationTokenSource stop = new();
    private readonly PostgresConnections connections;
    private readonly PostgresWriter writer;
    private readonly CommitSignal signal;
    private readonly Task work;

    public PostgresListener(PostgresConnections connections, PostgresWriter writer, CommitSignal signal)
    {
        this.connections = connections;
        this.writer = writer;
        this.signal = signal;
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
            catch (Exception)
            {
                // Those who wait look for themselves every few seconds, so nothing is missed meanwhile.
                await Task.Delay(Pause, stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task ListenAsync()
    {
        await using var connection = await connections.OpenLastingAsync(stop.Token);
        var foreign = true;
        connection.Notification += (_, told) => foreign |= told.PID != writer.ProcessId;
        await ExecuteAsync(connection, "LISTEN journal");
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

    private async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        var command = new NpgsqlCommand(sql, connection);
        await using (command)
        {
            await command.ExecuteNonQueryAsync(stop.Token);
        }
    }
}
