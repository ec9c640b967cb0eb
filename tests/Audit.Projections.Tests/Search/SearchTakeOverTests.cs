namespace Audit.Projections.Tests.Search;

/// <summary>Several nodes on one PostgreSQL have one text index.</summary>
[NeedsPostgres]
public sealed class SearchTakeOverTests : ReadSideContract
{
    private PostgresDatabase? database;

    protected override async Task<string> PrepareAsync()
    {
        database = await PostgresServer.CreateDatabaseAsync();
        return "postgres:" + database.ConnectionString;
    }

    protected override async Task RemoveAsync() => await database!.DisposeAsync();

    [ContractFact]
    public async Task one_node_indexes_all_of_them_search_and_another_takes_over()
    {
        var first = await OpenAsync();
        await UntilAsync(() => first.Search.Status.State == ProjectionState.Projecting);
        var second = await OpenAsync();
        await UntilAsync(() => second.Search.Status.State == ProjectionState.Following);
        await RecordAsync([.. Enumerable.Range(0, 20).Select(call => (Submission)new Say("s", $"c{call}", Say.Asked, call))]);
        Assert.Equal(20, await CountAsync(second));
        Assert.Equal(ProjectionState.Following, second.Search.Status.State);

        await second.Search.RebuildAsync(null, None);
        await RecordAsync(new Say("s", "after", Say.Asked, 30));
        Assert.Equal(21, await CountAsync(second));

        await CloseAsync(first);
        await RecordAsync(new Say("s", "last", Say.Asked, 31));
        Assert.Equal(22, await CountAsync(second));
        Assert.Equal(ProjectionState.Projecting, second.Search.Status.State);
    }

    private async Task<int> CountAsync(ReadSide side)
    {
        await side.Search.WaitForAsync(await Journal.LastPositionAsync(None), None).WaitAsync(TimeSpan.FromMinutes(1));
        return (await side.Search.CountAsync(side.Search.Parse("select"), ReadScope.All, None)).Calls;
    }
}
