using System.Data.Common;
using Audit.Node.Tests.Pages;
using Audit.Node.Tests.Support;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Audit.Node.Tests.Trust;

/// <summary>A row that somebody inserts into the database is sealed as what it is, and is no evidence of anything.</summary>
public abstract class Point10UnprovenContract
{
    [Trait("Point", "10")]
    [ContractFact]
    public async Task a_row_inserted_into_the_database_is_not_sealed_as_genuine()
    {
        await using var node = await StartAsync();
        await RecordSealedAsync(node, "c-1", Records.Completed());
        await RecordSealedAsync(node, "c-2", Records.Blocked());
        var rows = (await node.GetAsync("/v1/events?limit=1000")).Json.GetProperty("items").EnumerateArray().ToList();
        var blocked = rows.Single(row => row.Text("stream").EndsWith("|c-2", StringComparison.Ordinal)).Text("stream");
        var completed = rows.Single(row => row.Text("stream").EndsWith("|c-1", StringComparison.Ordinal)).Text("stream");
        // What a node wrote of one call, put under another; and something that no reader of ours could make sense of.
        await RunAsync(node, $"{Insert} SELECT 1, (1 = 0), '{blocked}', 2, message, manifest, identifier, writer_uuid FROM journal WHERE persistence_id = '{completed}'");
        await RunAsync(node, $"{Insert} SELECT 1, (1 = 0), 'call|1|s-1|forged', 1, CAST('nonsense' AS {Bytes}), manifest, identifier, writer_uuid FROM journal WHERE persistence_id = '{completed}'");
        await RecordSealedAsync(node, "c-3", Records.Completed());

        var health = (await node.GetAsync("/health/sealing")).Json;
        Assert.Equal(2, health.GetProperty("unproven").GetInt64());
        Assert.NotEqual("halted", health.Text("status"));
        var first = health.GetProperty("first_unproven").GetInt64();
        Assert.Equal(2, (await node.GetAsync("/v1/log")).Json.GetProperty("unproven").GetInt64());
        Assert.Contains("audit_log_unproven 2\n", (await node.GetAsync("/metrics")).Text);
        using var browser = await PageBrowser.SignedInAsync(node, node.AdminToken);
        Assert.Contains("sealed as unproven", (await browser.GetAsync("/integrity")).Text);
        var integrity = (await OwnVerification.RunAsync(node)).Integrity;
        Assert.Contains(integrity.Faults, fault => fault.Kind == IntegrityFaultKind.Unproven && fault.Position == first);
        Assert.Equal(2, integrity.UnprovenRows);

        // It is shown as what it is, and counts for nothing: neither in the read models nor in the law.
        Assert.True((await node.GetAsync($"/v1/events/{first}")).Require(200).Json.GetProperty("unproven").GetBoolean());
        await Patience.UntilAsync(async () => (await node.GetAsync("/v1/sessions/s-1/calls/c-3")).Status == 200, "the read models are there");
        Assert.Equal("blocked", (await node.GetAsync("/v1/sessions/s-1/calls/c-2")).Require(200).Json.Text("state"));
        (await node.GetAsync("/v1/sessions/s-1/calls/forged")).Problem(404);
        await node.RestartAsync();
        var late = (await node.PostAsync("/v1/records?wait=sealed", Records.Item("s-1", "c-2", Records.Completed(), at: "2025-01-02T03:05:06Z"))).Require(409).Json;
        Assert.Equal(("violation", 3L, "blocked"), (late.Text("status"), late.GetProperty("sequence").GetInt64(), late.Text("state")));
    }

    private protected abstract Task<TestNode> StartAsync();

    private protected abstract Task<DbConnection> ConnectAsync(TestNode node);

    /// <summary>The database's word for a type of bytes.</summary>
    private protected abstract string Bytes { get; }

    private static string Insert =>
        "INSERT INTO journal (created, deleted, persistence_id, sequence_number, message, manifest, identifier, writer_uuid)";

    private static async Task RecordSealedAsync(TestNode node, string call, string record)
    {
        var answer = await node.PostAsync("/v1/records?wait=sealed", Records.Item("s-1", call, record));
        Assert.True(answer.Require(201).Json.GetProperty("sealed").GetBoolean(), answer.Text);
    }

    private async Task RunAsync(TestNode node, string sql)
    {
        await using var connection = await ConnectAsync(node);
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        Assert.Equal(1, await command.ExecuteNonQueryAsync());
    }
}

public sealed class SqlitePoint10Tests : Point10UnprovenContract
{
    private protected override string Bytes => "BLOB";

    private protected override Task<TestNode> StartAsync() => TestNode.StartAsync();

    private protected override async Task<DbConnection> ConnectAsync(TestNode node)
    {
        var connection = new SqliteConnection($"Data Source={node.Options.Store["sqlite:".Length..]};Pooling=False");
        await connection.OpenAsync();
        return connection;
    }
}

[NeedsPostgres]
public sealed class PostgresPoint10Tests : Point10UnprovenContract, IAsyncLifetime
{
    private PostgresDatabase? database;

    private protected override string Bytes => "BYTEA";

    public async Task InitializeAsync() =>
        database = PostgresServer.Unavailable is null ? await PostgresServer.CreateDatabaseAsync() : null;

    public async Task DisposeAsync()
    {
        if (database is not null)
        {
            await database.DisposeAsync();
        }
    }

    private protected override Task<TestNode> StartAsync() => TestNode.StartAsync("postgres:" + database!.ConnectionString);

    private protected override async Task<DbConnection> ConnectAsync(TestNode node)
    {
        var connection = new NpgsqlConnection(database!.ConnectionString);
        await connection.OpenAsync();
        return connection;
    }
}
