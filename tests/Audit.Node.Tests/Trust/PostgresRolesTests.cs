using Audit.Journal.Stores;
using Audit.Node.Tests.Support;
using Npgsql;

namespace Audit.Node.Tests.Trust;

/// <summary>With deploy/postgres/roles.sql the role that a node signs in as cannot undo what it wrote.</summary>
public sealed class PostgresRolesTests
{
    private const string Password = "of the nodes";

    [PostgresFact]
    public async Task the_nodes_role_cannot_update_delete_truncate_or_drop_a_trigger_and_the_node_runs_with_it()
    {
        await using var database = await PostgresServer.CreateDatabaseAsync();
        await using var owner = await TestNode.StartAsync("postgres:" + database.ConnectionString);
        await RecordSealedAsync(owner, "c-1");
        await owner.StopAsync();
        await RunAsync(database.ConnectionString, await File.ReadAllTextAsync(Script()));
        await RunAsync(database.ConnectionString, $"ALTER ROLE audit_node PASSWORD '{Password}'");
        var restricted = new NpgsqlConnectionStringBuilder(database.ConnectionString)
        {
            Username = "audit_node", Password = Password,
        }.ConnectionString;
        foreach (var forbidden in (string[])
            [
                "UPDATE journal SET deleted = true", "DELETE FROM journal", "TRUNCATE journal",
                "DROP TRIGGER journal_append_only ON journal", "ALTER TABLE journal DISABLE TRIGGER ALL", "DROP TABLE journal",
                "CREATE OR REPLACE FUNCTION journal_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$",
                "SET session_replication_role = replica", "UPDATE meta SET value = ''", "DELETE FROM audit_log.log",
                "UPDATE audit_log.checkpoint SET note = ''", "CREATE TABLE public.journal_2 (n INT)", "SET ROLE audit_owner",
                "SELECT journal_cut_rows(1, '', '', '', '{}', '{}', '{}')", "INSERT INTO journal_cut VALUES (1, 1, 1, '', 1)",
                "DELETE FROM journal_cut", "DELETE FROM journal_cut_stream",
                "DELETE FROM payload_keys", "UPDATE payload_keys SET wrapped = NULL",
                "INSERT INTO erased_contents SELECT owner, false FROM payload_keys", "UPDATE erasures_read SET last = 1000",
                "INSERT INTO journal OVERRIDING SYSTEM VALUE SELECT 1000000, created, deleted, 'x', 1, message FROM journal LIMIT 1",
            ])
        {
            var refused = await Assert.ThrowsAsync<PostgresException>(() => RunAsync(restricted, forbidden));
            Assert.Equal("42501", refused.SqlState);
        }

        var unasked = await Assert.ThrowsAsync<PostgresException>(
            () => RunAsync(restricted, "SELECT journal_end_key(owner) FROM payload_keys"));
        Assert.Contains("no erasure of this content", unasked.MessageText);

        await RunAsync(database.ConnectionString, $"ALTER ROLE audit_keeper PASSWORD '{Password}'");
        var keeper = new NpgsqlConnectionStringBuilder(restricted) { Username = "audit_keeper" }.ConnectionString;
        foreach (var forbidden in (string[])
            [
                "DELETE FROM journal", "UPDATE journal SET deleted = true", "TRUNCATE journal", "SET ROLE audit_owner",
                "INSERT INTO journal_cut VALUES (1, 1, 1, '', 1)", "UPDATE payload_keys SET wrapped = NULL",
                "INSERT INTO journal (created, deleted, persistence_id, sequence_number, message) VALUES (1, false, 'x', 1, '')",
                "SELECT journal_end_key('x')", "SELECT journal_replace_key('x', 'y', '')", "SELECT * FROM states", "SELECT * FROM tokens", "CREATE TABLE public.journal_2 (n INT)",
            ])
        {
            Assert.Equal("42501", (await Assert.ThrowsAsync<PostgresException>(() => RunAsync(keeper, forbidden))).SqlState);
        }

        var cut = await Assert.ThrowsAsync<PostgresException>(() => RunAsync(
            keeper,
            """
            SELECT journal_cut_rows(max(ordering), '', '', '', ARRAY['notes|admin|s-1'], array_agg(ordering), array_agg(''::bytea))
            FROM journal WHERE persistence_id = 'call|admin|s-1|c-1'
            """));
        Assert.Contains("no event at this position says that rows go", cut.MessageText);

        // The same node, signed in as the role that may append and read.
        await using var node = await TestNode.StartAsync("postgres:" + restricted, change: options => options with { Data = owner.Data });
        await RecordSealedAsync(node, "c-2");
        await Patience.UntilAsync(
            async () => (await node.GetAsync("/v1/sessions/s-1/calls/c-2")).Status == 200, "the read models were built anew");
        Assert.Empty((await OwnVerification.RunAsync(node)).Integrity.Faults);
    }

    [PostgresFact]
    public async Task after_an_update_by_whom_made_the_tables_nodes_go_on_with_the_role_and_say_before_it_what_to_do()
    {
        await using var database = await PostgresServer.CreateDatabaseAsync();
        await using var owner = await TestNode.StartAsync("postgres:" + database.ConnectionString);
        await RecordSealedAsync(owner, "c-1");
        await owner.StopAsync();
        await RunAsync(database.ConnectionString, await File.ReadAllTextAsync(Script()));
        await RunAsync(database.ConnectionString, $"ALTER ROLE audit_node PASSWORD '{Password}'");
        // As the program before this one left it.
        await RunAsync(database.ConnectionString, """
            DROP TRIGGER journal_delete_cut ON journal; DROP TRIGGER journal_closed ON journal; DROP TABLE journal_cut, journal_cut_stream;
            DROP FUNCTION journal_refuse_delete, journal_refuse_cut_stream, journal_act_of, journal_held_by, journal_cut_rows;
            DELETE FROM schema_version WHERE version = 8
            """);
        var restricted = new NpgsqlConnectionStringBuilder(database.ConnectionString)
        {
            Username = "audit_node", Password = Password,
        }.ConnectionString;
        var refused = await Assert.ThrowsAnyAsync<Exception>(() => TestNode.StartAsync(
            "postgres:" + restricted, change: options => options with { Data = owner.Data }));
        Assert.Contains("run deploy/postgres/roles.sql again", refused.Message);
        Assert.Contains("not those of this program", (await Assert.ThrowsAsync<PostgresException>(
            async () => await RunAsync(database.ConnectionString, await File.ReadAllTextAsync(Script())))).MessageText);

        var store = await AuditStore.OpenAsync(
            "postgres:" + database.ConnectionString, _ => RowKeys.Open(owner.Options.RowKeyFile, isNewStore: false), default);
        await store.DisposeAsync();
        await using var node = await TestNode.StartAsync("postgres:" + restricted, change: options => options with { Data = owner.Data });
        await RecordSealedAsync(node, "c-2");
        foreach (var forbidden in (string[])
            ["INSERT INTO journal_cut VALUES (1, 1, 1, '', 1)", "DELETE FROM journal_cut_stream", "SELECT journal_cut_rows(1, '', '', '', '{}', '{}', '{}')"])
        {
            Assert.Equal("42501", (await Assert.ThrowsAsync<PostgresException>(() => RunAsync(restricted, forbidden))).SqlState);
        }
    }

    private static async Task RecordSealedAsync(TestNode node, string call)
    {
        var answer = await node.PostAsync("/v1/records?wait=sealed", Records.Item("s-1", call, Records.Completed()));
        Assert.True(answer.Require(201).Json.GetProperty("sealed").GetBoolean(), answer.Text);
    }

    private static async Task RunAsync(string connection, string sql)
    {
        await using var open = new NpgsqlConnection(connection);
        await open.OpenAsync();
        await using var command = new NpgsqlCommand(sql, open);
        await command.ExecuteNonQueryAsync();
    }

    private static string Script()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory!.FullName, "Audit.Actors.sln")))
        {
            directory = directory.Parent;
        }

        return Path.Combine(directory.FullName, "deploy", "postgres", "roles.sql");
    }
}
