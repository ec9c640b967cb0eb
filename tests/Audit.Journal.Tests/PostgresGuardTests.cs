using Npgsql;

namespace Audit.Journal.Tests;

/// <summary>The PostgreSQL database keeps the journal append-only against whoever writes it.</summary>
public sealed class PostgresGuardTests : IAsyncLifetime
{
    private const string Columns =
        "created, deleted, persistence_id, sequence_number, message, manifest, identifier, writer_uuid";

    private const string Existing = $"INSERT INTO journal ({Columns}) VALUES (1, false, 'call', 2, '\\x00', 'm', 1, 'w')";

    private PostgresPlace place = null!;
    private IAuditStore store = null!;
    private IReadOnlyList<JournalRow> before = [];

    public async Task InitializeAsync()
    {
        place = await PostgresPlace.CreateAsync();
        store = await place.OpenAsync();
        await store.WriteStreamAsync("call", 3);
        before = await store.ReadAllAsync();
    }

    public async Task DisposeAsync()
    {
        await store.DisposeAsync();
        await place.DisposeAsync();
    }

    [PostgresTheory]
    [InlineData("UPDATE journal SET deleted = true")]
    [InlineData("UPDATE journal SET deleted = true WHERE ordering = 99")]
    [InlineData("DELETE FROM journal")]
    [InlineData("TRUNCATE journal")]
    [InlineData("TRUNCATE journal RESTART IDENTITY CASCADE")]
    [InlineData("SET session_replication_role = replica; UPDATE journal SET deleted = true")]
    [InlineData("SET session_replication_role = replica; DELETE FROM journal")]
    [InlineData("SET session_replication_role = replica; TRUNCATE journal")]
    [InlineData($"{Existing} ON CONFLICT ON CONSTRAINT journal_uq DO UPDATE SET message = excluded.message")]
    [InlineData("MERGE INTO journal USING (VALUES (1)) AS v(x) ON ordering = x WHEN MATCHED THEN DELETE")]
    public async Task what_is_written_cannot_be_changed(string sql)
    {
        var failure = await Assert.ThrowsAsync<PostgresException>(() => place.ExecuteAsync(sql));

        Assert.Contains("the journal is append-only", failure.MessageText);
        Assert.Equivalent(before, await store.ReadAllAsync());
    }

    [PostgresTheory]
    [InlineData(Existing)]
    [InlineData($"INSERT INTO journal (ordering, {Columns}) VALUES (1, 1, false, 'new', 1, '\\x00', 'm', 1, 'w')")]
    [InlineData(
        $"INSERT INTO journal (ordering, {Columns}) OVERRIDING SYSTEM VALUE VALUES (2, 1, false, 'new', 1, '\\x00', 'm', 1, 'w')")]
    public async Task a_key_or_position_that_is_taken_is_refused(string sql)
    {
        await Assert.ThrowsAsync<PostgresException>(() => place.ExecuteAsync(sql));
        Assert.Equivalent(before, await store.ReadAllAsync());
    }

    [PostgresFact]
    public async Task the_erasures_of_many_contents_are_read_once_and_what_is_no_event_stops_none()
    {
        const string Keeping = "INSERT INTO journal (created, deleted, persistence_id, sequence_number, message) "
            + "SELECT 1, false, 'operator|keeping', n, ";
        await place.ExecuteAsync(Keeping + """
            convert_to('{"act":"content.erased","facts":{"owner":"o-' || n || '"'
                || CASE WHEN n % 2 = 0 THEN ',"calls":["c"]' ELSE '' END || '}}', 'UTF8') FROM generate_series(1, 999) n
            """);
        await place.ExecuteAsync(Keeping + """'"act":"content.erased" \377'::bytea FROM generate_series(1000, 1001) n""");
        await place.ExecuteAsync(Keeping + """convert_to('{"act":"other"}', 'UTF8') FROM generate_series(1002, 1002) n""");
        await place.ExecuteAsync("INSERT INTO payload_keys SELECT 'o-' || n, 'k', '\\x00' FROM generate_series(1, 1000) n");

        await place.ExecuteAsync("SELECT journal_end_key('o-999')");
        Assert.Equal(1002L, await place.ExecuteAsync("SELECT last FROM erasures_read"));
        Assert.Equal(999L, await place.ExecuteAsync("SELECT count(*) FROM erased_contents"));
        // One that names calls ends no whole session, and the other way round.
        foreach (var refused in (string[])[
            "SELECT journal_end_key('o-2')", "SELECT journal_replace_key('o-1', 'n', '\\x01')", "SELECT journal_end_key('o-1000')"])
        {
            var failure = await Assert.ThrowsAsync<PostgresException>(() => place.ExecuteAsync(refused));
            Assert.Contains("no erasure of this content", failure.MessageText);
        }

        await place.ExecuteAsync(
            "SELECT count(journal_end_key('o-' || n)) FROM generate_series(1, 999, 2) n");
        await place.ExecuteAsync("SELECT journal_replace_key('o-2', 'n', '\\x01')");
        Assert.Equal(500L, await place.ExecuteAsync("SELECT count(*) FROM payload_keys WHERE wrapped IS NULL"));
        Assert.Equal("n", await place.ExecuteAsync("SELECT key_id FROM payload_keys WHERE owner = 'o-2'"));
        // What comes later is read on from there.
        await place.ExecuteAsync(Keeping + """
            convert_to('{"act":"content.erased","facts":{"owner":"o-1000"}}', 'UTF8') FROM generate_series(1003, 1003) n
            """);
        await place.ExecuteAsync("SELECT journal_end_key('o-1000')");
        const string Large = "(SELECT string_agg(md5(m::text), '') FROM generate_series(1, 1000) m)";
        // Nor does one that has a sign no text takes, is nested too deep, or whose owner no index takes.
        foreach (var (number, odd) in new[]
        {
            (1004, """'{"act":"content.erased","facts":{"owner":"\u0000"}}'"""),
            (1005, """'{"act":"content.erased","facts":' || repeat('[', 1000000)"""),
            (1006, $$$"""'{"act":"content.erased","facts":{"owner":"' || {{{Large}}} || '"}}'"""),
            (1007, """'{"act":"content.erased","facts":{"owner":"o-1001"}}'"""),
        })
        {
            await place.ExecuteAsync(Keeping + $"convert_to({odd}, 'UTF8') FROM generate_series({number}, {number}) n");
        }

        await place.ExecuteAsync("INSERT INTO payload_keys VALUES ('o-1001', 'k', '\\x00')");
        await place.ExecuteAsync("SELECT journal_end_key('o-1001')");
        Assert.Equal(1007L, await place.ExecuteAsync("SELECT last FROM erasures_read"));
        Assert.Equal(1001L, await place.ExecuteAsync("SELECT count(*) FROM erased_contents"));
        Assert.Equal(502L, await place.ExecuteAsync("SELECT count(*) FROM payload_keys WHERE wrapped IS NULL"));
    }

    [PostgresFact]
    public async Task the_table_has_the_two_indexes_that_serve_and_no_other()
    {
        var indexes = await place.ExecuteAsync(
            "SELECT string_agg(indexname, ' ' ORDER BY indexname) FROM pg_indexes WHERE tablename = 'journal'");
        Assert.Equal("journal_uq pk_journal", indexes);
    }
}
