using Npgsql;

namespace Audit.Journal.Tests.Storage;

public sealed class PostgresPoolTests
{
    private static readonly PostgresUse Use = new("", (_, failure) => failure);

    [PostgresFact]
    public async Task readings_take_no_more_connections_than_were_promised_to_the_server()
    {
        await using var database = await PostgresServer.CreateDatabaseAsync();
        await RequireAsync(database.ConnectionString, Use.MostConnections);
    }

    [PostgresFact]
    public async Task who_says_how_many_has_so_many()
    {
        await using var database = await PostgresServer.CreateDatabaseAsync();
        var asked = new NpgsqlConnectionStringBuilder(database.ConnectionString) { MaxPoolSize = 7 };
        await RequireAsync(asked.ConnectionString, 7);
    }

    /// <summary>So many read side by side, and one more waits until one of them is done.</summary>
    private static async Task RequireAsync(string address, int most)
    {
        await using var pool = new PostgresPool(address, Use);
        var entered = 0;
        var all = new TaskCompletionSource();
        var leave = new TaskCompletionSource();
        var readings = Enumerable.Range(0, most + 1).Select(_ => pool.ReadAsync(
            async (connection, _) =>
            {
                if (Interlocked.Increment(ref entered) == most)
                {
                    all.SetResult();
                }

                await leave.Task;
                return connection.ProcessID;
            },
            CancellationToken.None)).ToArray();
        await all.Task.WaitAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(most, entered);

        leave.SetResult();
        Assert.Equal(most, (await Task.WhenAll(readings)).Distinct().Count());
    }
}
