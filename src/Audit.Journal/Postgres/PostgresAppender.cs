using Npgsql;

namespace Audit.Journal.Postgres;

/// <summary>Writes appends over one connection, one after the other.</summary>
internal sealed class PostgresAppender : IAsyncDisposable
{
    /// <summary>Up to here one call with one round trip is faster than a COPY with five.</summary>
    private const int MostRowsInCall = 64;

    /// <summary>
    /// A connection that was idle for longer is asked whether it is alive before an append depends on it.
    /// </summary>
    private static readonly TimeSpan Trusted = TimeSpan.FromSeconds(1);

    private readonly AppendPlan plan = new();
    private readonly NpgsqlConnection connection;
    private readonly FailureLog failures;
    private readonly AppendCall call;
    private readonly AppendCopy copy;
    private long lastUse = Environment.TickCount64;

    private PostgresAppender(NpgsqlConnection connection, Guid writer, FailureLog failures)
    {
        this.connection = connection;
        this.failures = failures;
        call = new AppendCall(connection, writer);
        copy = new AppendCopy(connection, writer);
    }

    /// <summary>The process that serves the connection: its notifications are our own.</summary>
    public int ProcessId => connection.ProcessID;

    public static async Task<PostgresAppender> OpenAsync(
        PostgresPool pool, Guid writer, FailureLog failures, CancellationToken cancellation)
    {
        var appender = new PostgresAppender(await pool.OpenLastingAsync(cancellation), writer, failures);
        try
        {
            await appender.call.PrepareAsync(cancellation);
            await appender.copy.PrepareAsync(cancellation);
            return appender;
        }
        catch
        {
            await appender.DisposeAsync();
            throw;
        }
    }

    /// <summary>Whether the connection still answers: it may have died while nobody used it.</summary>
    public async Task<bool> IsAliveAsync()
    {
        if (Environment.TickCount64 - lastUse < Trusted.TotalMilliseconds)
        {
            return true;
        }

        try
        {
            await connection.ScalarAsync("SELECT 1", CancellationToken.None);
            return true;
        }
        catch (Exception failure) when (failure is NpgsqlException or InvalidOperationException)
        {
            failures.Report("journal connection", failure);
            return false;
        }
    }

    /// <returns>The last position written, 0 when none was.</returns>
    public async Task<long> AppendAsync(IReadOnlyList<RowToAppend> rows, Memory<long> positions)
    {
        plan.Make(rows);
        positions.Span.Clear();
        if (plan.RowsToWrite == 0)
        {
            return 0;
        }

        long? last = null;
        if (plan.RowsToWrite > MostRowsInCall)
        {
            last = await copy.TryRunAsync(plan, rows, positions);
        }

        last ??= await call.RunAsync(plan, rows, positions);
        lastUse = Environment.TickCount64;
        return last.Value;
    }

    public async ValueTask DisposeAsync()
    {
        await call.DisposeAsync();
        await copy.DisposeAsync();
        await connection.DisposeAsync();
    }
}
