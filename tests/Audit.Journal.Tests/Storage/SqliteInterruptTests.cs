using Audit.Storage.Sqlite;

namespace Audit.Journal.Tests.Storage;

/// <summary>A statement that runs for somebody who went away is ended.</summary>
public sealed class SqliteInterruptTests
{
    private const string Endless =
        "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers) SELECT count(*) FROM numbers";

    [Fact]
    public async Task a_read_that_is_cancelled_is_interrupted_and_the_next_one_is_answered()
    {
        using var directory = new TemporaryDirectory();
        var path = directory.File("read.db");
        await File.WriteAllBytesAsync(path, []);
        SqliteDatabase.OpenWriter(path, "CREATE TABLE one (n INTEGER)").Dispose();
        await using var readers = new SqliteReaders(() => SqliteDatabase.OpenReader(path), failure => failure);
        using var request = new CancellationTokenSource();
        var begun = new TaskCompletionSource();
        var endless = readers.RunAsync(
            database =>
            {
                begun.SetResult();
                return new SqliteSession(database).QueryAsync(Endless, [], row => row.Number(0), request.Token);
            },
            request.Token);
        await begun.Task;
        await request.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => endless);

        var answer = await readers.RunAsync(
            database => new SqliteSession(database).QueryAsync("SELECT count(*) FROM one", [], row => row.Number(0), default), default);
        Assert.Equal([0L], answer);
    }
}
