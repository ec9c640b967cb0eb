namespace Audit.Projections.Tests;

public sealed class SqliteRebuildTests : RebuildContract
{
    private readonly TemporaryDirectory directory = new();

    protected override Task<string> PrepareAsync() => Task.FromResult("sqlite:" + directory.File("journal.db"));

    [Fact]
    public async Task a_list_of_skipped_events_that_cannot_be_read_is_reported()
    {
        await CloseAsync(await OpenAsync());
        await using (var store = ReadSide.StoreOf(Address))
        {
            await store.ExecuteAsync("UPDATE version SET version = 999", [], None);
            await store.ExecuteAsync("ALTER TABLE skipped RENAME COLUMN reason TO why", [], None);
        }

        await CaughtUpAsync(await OpenAsync());
        Assert.Equal(1, Failures.Counts["list of skipped events"]);
    }

    protected override Task RemoveAsync()
    {
        directory.Dispose();
        return Task.CompletedTask;
    }
}
