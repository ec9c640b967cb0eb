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

    [PostgresFact]
    public async Task a_writer_that_connects_anew_finds_an_older_journal_whatever_number_comes_next()
    {
        await using var place = await PostgresPlace.CreateAsync();
        await using var store = await place.OpenAsync();
        await store.WriteStreamAsync("call", 4);
        // As of a server that comes back with an older copy: after a crash its sequence is ahead of its rows.
        await place.ExecuteAsync(
            "ALTER TABLE journal DISABLE TRIGGER USER; CREATE TABLE kept AS SELECT * FROM journal WHERE ordering > 1; "
            + "DELETE FROM journal WHERE ordering > 1; SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            + "WHERE datname = current_database() AND pid <> pg_backend_pid()");
        await UntilAsync(store, "new-1", failure => failure is JournalSetBackException);
        Assert.IsType<JournalSetBackException>(await Record.ExceptionAsync(() => AppendAsync(store, "new-2")));
        Assert.Equal([1], await store.SequencesAsync("call"));

        await place.ExecuteAsync("INSERT INTO journal OVERRIDING SYSTEM VALUE SELECT * FROM kept");
        await UntilAsync(store, "new-3", failure => failure is null);
        Assert.Empty(await store.SequencesAsync("new-1"));
        Assert.Equal([1, 2, 3, 4], await store.SequencesAsync("call"));
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

    private static async Task UntilAsync(IAuditStore store, string stream, Func<Exception?, bool> isSo)
    {
        while (!isSo(await Record.ExceptionAsync(() => AppendAsync(store, stream))))
        {
            await Task.Delay(20).OrHung();
        }
    }

    private static Task Done(Action act)
    {
        act();
        return Task.CompletedTask;
    }
}
