namespace Audit.CommandLine.Tests;

public sealed class TwoNodesTests : IDisposable
{
    private const int Calls = 400;

    private readonly TemporaryDirectory directory = new();

    [PostgresFact]
    public async Task two_nodes_fed_the_same_calls_at_once_record_each_message_once()
    {
        await using var database = await PostgresServer.CreateDatabaseAsync();
        var store = "postgres:" + database.ConnectionString;
        await using var first = await AuditProgram.ServeAsync(directory.File("first"), "--store", store);
        await using var second = await AuditProgram.ServeAsync(directory.File("second"), "--store", store, "--row-key", directory.File("first/row.key"));
        var input = Records.Lines(Records.Items("s-1", Calls));

        var answers = await Task.WhenAll(IngestAsync(first.Url, input), IngestAsync(second.Url, input));

        var receipts = answers.Select(answer => Records.Receipts(answer.Require(ExitCode.Fine))).ToArray();
        Assert.All(receipts, each => Assert.Equal(2 * Calls, each.Count));
        Assert.All(receipts[0].Zip(receipts[1]), pair =>
        {
            Assert.Equal(["duplicate", "recorded"], new[] { pair.First.Status, pair.Second.Status }.Order());
            Assert.Equal(pair.First.Position, pair.Second.Position);
        });
        Assert.Equal(2 * Calls, await NumberAsync(database, "SELECT count(*) FROM journal WHERE persistence_id LIKE 'call|%'"));
        Assert.Equal(Calls, await NumberAsync(
            database, "SELECT count(DISTINCT persistence_id) FROM journal WHERE persistence_id LIKE 'call|%'"));
        Assert.Equal(0, await NumberAsync(
            database,
            """
            SELECT count(*) FROM (
                SELECT 1 FROM journal GROUP BY persistence_id
                HAVING min(sequence_number) <> 1 OR max(sequence_number) <> count(*)) AS with_gaps
            """));
    }

    public void Dispose() => directory.Dispose();

    /// <summary>Both nodes are one store: the token of the node that was first is good at either.</summary>
    private Task<CommandResult> IngestAsync(Uri server, string input) => AuditProgram.RunAsync(
        directory.Path,
        ["ingest", "-", "-o", "ndjson", "--server", server.ToString(), "--token-file", directory.File("first/admin.token")],
        input);

    private static async Task<long> NumberAsync(PostgresDatabase database, string sql)
    {
        await using var connection = await database.ConnectAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
