using Npgsql;

namespace Audit.Projections.Tests;

/// <summary>Several nodes on one PostgreSQL.</summary>
[NeedsPostgres]
public sealed class TakeOverTests : ReadSideContract
{
    private PostgresDatabase? database;

    protected override async Task<string> PrepareAsync()
    {
        database = await PostgresServer.CreateDatabaseAsync();
        return "postgres:" + database.ConnectionString;
    }

    protected override async Task RemoveAsync() => await database!.DisposeAsync();

    [ContractFact]
    public async Task one_node_projects_and_the_others_follow_until_it_is_gone()
    {
        var first = await OpenAsync();
        await UntilAsync(() => first.Status.State == ProjectionState.Projecting);
        var second = await OpenAsync();
        await UntilAsync(() => second.Status.State == ProjectionState.Following);
        await RecordAsync(new Say("s", "c", Say.Asked, 1));
        await CaughtUpAsync(second);
        Assert.Equal(ProjectionState.Following, second.Status.State);

        await CloseAsync(first);
        await RecordAsync(new Say("s", "c", Say.Done(), 2));
        var models = await CaughtUpAsync(second);
        Assert.Equal(ProjectionState.Projecting, second.Status.State);
        Assert.Equal(2, (await models.CallAsync(Say.Named("s"), "c", None))!.Call.Messages);
    }

    [ContractFact]
    public async Task a_node_whose_connection_dies_writes_nothing_more_and_comes_back_with_what_is_true()
    {
        var side = await OpenAsync();
        await RecordAsync(new Say("s", "c", Say.Asked, 1));
        await CaughtUpAsync(side);
        await KillWriterAsync();
        await RecordAsync([.. Enumerable.Range(0, 20).Select(call => (Submission)new Say("s", $"c{call}", Say.Asked, call + 2))]);
        var models = await CaughtUpAsync(side);
        Assert.Equal(21, (await models.SessionAsync(Say.Named("s"), None))!.Calls);
    }

    [ContractFact]
    public async Task what_could_not_be_written_is_written_again_though_nothing_more_comes()
    {
        var side = await OpenAsync();
        await RecordAsync(new Say("s", "c", Say.Asked, 1));
        await CaughtUpAsync(side);
        await KillWriterAsync();

        await RecordAsync(new Say("s", "c", Say.Done(), 2));
        Assert.Equal(2, (await (await CaughtUpAsync(side)).CallAsync(Say.Named("s"), "c", None))!.Call.Messages);
    }

    [ContractFact]
    public async Task a_halt_is_seen_by_every_node_and_any_of_them_may_skip()
    {
        await AppendAsync("call|ci|s|two", 1, "call.transitioned.v3", """{"v":3}""");
        var first = await OpenAsync();
        await UntilAsync(() => first.Status.State == ProjectionState.Halted);
        var second = await OpenAsync();
        await UntilAsync(() => second.Status.State == ProjectionState.Halted);
        await second.SkipAsync(second.Status.HaltedAt!.Value, "it is a test", None);
        await RecordAsync(new Say("s", "c", Say.Asked, 1));
        await UntilAsync(() => first.Status.State == ProjectionState.Projecting);
        await UntilAsync(() => second.Status.State == ProjectionState.Following);

        Assert.Equal(1, (await (await CaughtUpAsync(second)).SessionAsync(Say.Named("s"), None))!.Calls);
    }

    [ContractFact]
    public async Task any_node_may_rebuild_and_the_one_that_projects_goes_on_with_the_new_rows()
    {
        var first = await OpenAsync();
        await UntilAsync(() => first.Status.State == ProjectionState.Projecting);
        var second = await OpenAsync();
        await RecordAsync([.. Enumerable.Range(0, 20).Select(call => (Submission)new Say("s", $"c{call}", Say.Asked, call))]);
        await CaughtUpAsync(first);
        await second.RebuildAsync(null, None);
        await RecordAsync(new Say("s", "more", Say.Asked, 30));

        Assert.Equal(21, (await (await CaughtUpAsync(second)).SessionAsync(Say.Named("s"), None))!.Calls);
        Assert.Equal(ProjectionState.Projecting, first.Status.State);
    }

    [ContractFact]
    public async Task a_node_beside_a_lead_of_another_version_says_so_until_it_leads_itself()
    {
        var first = await OpenAsync();
        await RecordAsync(new Say("s", "c", Say.Asked, 1));
        await CaughtUpAsync(first);
        // As the other one has it, with tables that this one does not know.
        await using (var connection = await database!.ConnectAsync())
        await using (var other = new NpgsqlCommand(
            "UPDATE audit_read.version SET version = 3; ALTER TABLE audit_read.sessions RENAME doc TO said", connection))
        {
            await other.ExecuteNonQueryAsync();
        }

        var second = await OpenAsync();
        await UntilAsync(() => second.Status is { State: ProjectionState.Away, Sentence: not null });
        Assert.StartsWith("The version of the read models is 3, and this program reads ", second.Status.Sentence);
        var refused = await Assert.ThrowsAsync<ReadModelsException>(() => second.Models.SessionAsync(Say.Named("s"), None));
        Assert.Equal(second.Status.Sentence, refused.Message);
        Assert.Null((await second.FindLostAsync(None)).Models);
        await Assert.ThrowsAsync<ReadModelsException>(() => second.RebuildAsync(null, None));

        await CloseAsync(first);
        await UntilAsync(() => second.Status.State == ProjectionState.Projecting);
        Assert.Equal(1, (await (await CaughtUpAsync(second)).SessionAsync(Say.Named("s"), None))!.Calls);
    }

    private async Task KillWriterAsync()
    {
        await using var connection = await database!.ConnectAsync();
        await using var kill = new NpgsqlCommand(
            """
            SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND classid = 7401 AND objid = 11
                AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
            """,
            connection);
        await kill.ExecuteNonQueryAsync();
    }
}
