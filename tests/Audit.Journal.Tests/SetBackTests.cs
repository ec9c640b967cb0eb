namespace Audit.Journal.Tests;

/// <summary>A journal that was set back under a running writer gives out no position a second time.</summary>
public sealed class SetBackTests
{
    private const string Guards = "DROP TRIGGER IF EXISTS journal_no_update; DROP TRIGGER IF EXISTS journal_no_delete;";

    [Fact]
    public async Task a_writer_on_sqlite_gives_no_position_that_was_given_before()
    {
        await using var place = new SqlitePlace();
        await using var store = await place.OpenAsync();
        await RefusesAsync(
            store,
            () => Done(() => place.Execute(
                $"{Guards} CREATE TABLE kept AS SELECT * FROM journal WHERE ordering > 1; DELETE FROM journal WHERE ordering > 1; "
                + "UPDATE sqlite_sequence SET seq = 1 WHERE name = 'journal'")),
            () => Done(() => place.Execute(
                "DELETE FROM journal WHERE ordering > 1; INSERT INTO journal SELECT * FROM kept")));
    }

    [PostgresFact]
    public async Task a_writer_on_postgres_gives_no_position_that_was_given_before()
    {
        await using var place = await PostgresPlace.CreateAsync();
        await using var store = await place.OpenAsync();
        await RefusesAsync(
            store,
            () => place.ExecuteAsync(
                "ALTER TABLE journal DISABLE TRIGGER USER; CREATE TABLE kept AS SELECT * FROM journal WHERE ordering > 1; "
                + "DELETE FROM journal WHERE ordering > 1; SELECT setval('journal_ordering_seq', 1)"),
            () => place.ExecuteAsync(
                "DELETE FROM journal WHERE ordering > 1; INSERT INTO journal OVERRIDING SYSTEM VALUE SELECT * FROM kept; "
                + "SELECT setval('journal_ordering_seq', 4)"));
    }

    private static async Task RefusesAsync(IAuditStore store, Func<Task> cut, Func<Task> putBack)
    {
        await store.WriteStreamAsync("call", 4);
        await cut();
        var found = await Assert.ThrowsAsync<JournalSetBackException>(() => AppendAsync(store, "new-1"));
        Assert.Contains("before position 4", found.Message);
        // From then on nothing is written at all.
        await Assert.ThrowsAsync<JournalSetBackException>(() => AppendAsync(store, "new-2"));
        Assert.Empty(await store.SequencesAsync("new-2"));

        await putBack();
        Assert.Equal(5, (await AppendAsync(store, "new-3"))[0]);
        Assert.Equal([1, 2, 3, 4], await store.SequencesAsync("call"));
    }

    private static Task<long[]> AppendAsync(IAuditStore store, string stream) =>
        store.AppendAsync(Rows.Row(Rows.Handle(stream), 1));

    private static Task Done(Action act)
    {
        act();
        return Task.CompletedTask;
    }
}
