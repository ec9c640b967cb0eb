using System.Collections.Concurrent;
using System.Diagnostics;
using System.Security.Cryptography;
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

    [PostgresTheory]
    [InlineData("")]
    [InlineData("SET session_replication_role = replica; ")]
    public async Task nothing_is_inserted_into_a_stream_that_was_cut(string before)
    {
        await place.ExecuteAsync("INSERT INTO journal_cut_stream VALUES ('gone', 3, 1)");
        var failure = await Assert.ThrowsAsync<PostgresException>(() => place.ExecuteAsync(
            $"{before}INSERT INTO journal ({Columns}) VALUES (1, false, 'new', 1, '\\x00', 'm', 1, 'w'), (1, false, 'gone', 1, '\\x00', 'm', 1, 'w')"));
        Assert.Contains("a stream that was cut is closed", failure.MessageText);
        Assert.Equal(3L, await place.ExecuteAsync("SELECT count(*) FROM journal"));
    }

    [PostgresFact]
    public async Task new_streams_and_cut_ones_are_read_by_one_question()
    {
        await place.ExecuteAsync("INSERT INTO journal_cut_stream VALUES ('gone', 3, 1)");
        var asked = new ConcurrentQueue<string>();
        var name = new NpgsqlConnectionStringBuilder(place.Database.ConnectionString).Database;
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Npgsql",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity =>
            {
                if (activity.TagObjects.Any(tag => Equals(tag.Value, name)))
                {
                    asked.Enqueue(activity.DisplayName);
                }
            },
        };
        ActivitySource.AddActivityListener(listener);
        // Of a new connection its settings are asked for, too.
        await store.Journal.ReadStreamsAsync([new("call")], CancellationToken.None);
        asked.Clear();
        var read = await store.Journal.ReadStreamsAsync([new("new"), new("gone"), new("call"), new("newer")], CancellationToken.None);
        Assert.Equal([0, 1, 3, 0], read.Select(rows => rows.Count));
        Assert.Single(asked);
    }

    [PostgresFact]
    public async Task a_hold_stands_over_what_it_may_stand_over_and_one_that_cannot_be_read_over_everything()
    {
        async Task<string?> HeldAsync(string owner) =>
            await place.ExecuteAsync($"SELECT journal_held_by(ARRAY['notes|other|s-9', '{owner}'])") as string;
        Assert.Null(await HeldAsync("notes|src|s-1"));
        // Lifted, no hold, and one over another session.
        await KeepAsync("""{"act":"hold.added","facts":{"id":"h-0","source":"src"}}""");
        await KeepAsync("""{"act":"hold.lifted","facts":{"id":"h-0"}}""");
        await KeepAsync("""{"act":"hold.lift_asked","facts":{"id":"h-1"}}""");
        await KeepAsync("""{"act":"hold.added","facts":{"id":"h-2","source":"src","session_id":"s-2"}}""");
        Assert.Null(await HeldAsync("notes|src|s-1"));
        Assert.Equal("the hold h-2 stands over it", await HeldAsync("notes|src|s-2"));
        foreach (var (id, hold, said) in new[]
        {
            ("a", "\"source\":\"src\",\"session_id\":\"s-1\"", "stands over it"), ("b", "\"source\":\"src\"", "stands over it"),
            ("c", "\"agent\":\"a-1\"", "names no source"), ("d", "\"before\":\"2026-01-01\"", "names no source"),
            ("e", "\"source\":7", "names no source"), ("f", "\"source\":\"src\",\"session_id\":[1]", "stands over it"),
            ("g", "\"source\":\"src|s-1\"", "stands over it"), ("h", "\"source\":\"a-source-of-more-than-24-letters\"", "stands over it"),
        })
        {
            await KeepAsync($$$"""{"act":"hold.added","facts":{"id":"{{{id}}}",{{{hold}}} }}""");
            Assert.Contains($"the hold {id} ", await HeldAsync("notes|src|s-1"));
            Assert.Contains(said, await HeldAsync("notes|src|s-1"));
            await KeepAsync($$$"""{"act":"hold.lifted","facts":{"id":"{{{id}}}"}}""");
            Assert.Null(await HeldAsync("notes|src|s-1"));
        }

        await KeepAsync("""{"act":"hold.added","facts":{"id":"i","source":"\u0000"}}""");
        Assert.Contains("cannot be read as one", await HeldAsync("notes|src|s-1"));
        Assert.Contains("cannot be read as one", await HeldAsync("notes|src|s-1"));
    }

    [PostgresFact]
    public async Task a_hold_without_facts_stands_over_everything()
    {
        await KeepAsync("""{"act":"hold.added"}""");
        Assert.Contains("names no source", await place.ExecuteAsync("SELECT journal_held_by(ARRAY['notes|src|s-1'])") as string);
    }

    [PostgresFact]
    public async Task rows_go_only_as_whole_sessions_by_an_event_that_is_older_and_has_not_ended()
    {
        await store.WriteStreamAsync("call|src|s-1|c|x", 2);
        await store.WriteStreamAsync("call|src|s-1|d", 1);
        var before = await KeepAsync(DisposalOf(638_000_000_000_000_000 + 1));
        // A part of a session, by a name with one bar more: no hold is over such a one.
        await KeepAsync("""{"act":"hold.added","facts":{"id":"h","source":"src","session_id":"s-1"}}""");
        var disposal = await KeepAsync(DisposalOf(639_000_000_000_000_000));
        foreach (var (owner, streams) in new[] { ("notes|src|s-1|c", "call|src|s-1|c|%"), ("notes||src|s-1", "call|src|s-1|%"), ("call|src|s-1", "%") })
        {
            Assert.Contains("each named by the stream of its notes", await RefusedAsync(disposal, owner, streams));
        }

        // Named twice, a session would count for as many rows of another.
        Assert.Contains(
            "each named by the stream of its notes",
            await RefusedAsync(disposal, "notes|src|s-1', 'notes|src|s-1", "call|src|s-1|%"));
        Assert.Contains("stay: the hold h stands over it", await RefusedAsync(disposal, "notes|src|s-1", "call|src|s-1|%"));
        await KeepAsync("""{"act":"hold.lifted","facts":{"id":"h"}}""");
        Assert.Contains("other rows by now", await RefusedAsync(disposal, "notes|src|s-1", "call|src|s-1|c|%"));
        Assert.Contains("younger", await RefusedAsync(before, "notes|src|s-1", "call|src|s-1|%"));
        // All but the leaves is as it should be.
        Assert.Contains("not one of those that the archive has", await RefusedAsync(disposal, "notes|src|s-1", "call|src|s-1|%"));
        await store.WriteStreamAsync("call|src|s-2|c", 1);
        Assert.Contains("younger", await RefusedAsync(disposal, "notes|src|s-2", "call|src|s-2|%"));
        await KeepAsync($$$"""{"act":"rows.cut","facts":{"number":{{{before}}}}}""");
        Assert.Contains("ended", await RefusedAsync(before, "notes|src|s-1", "call|src|s-1|%"));
        Assert.Contains("not one of those", await RefusedAsync(disposal, "notes|src|s-1", "call|src|s-1|%"));

        static string DisposalOf(long before) => $$$"""
            {"act":"rows.disposed","facts":{"sha256":"{{{new string('a', 64)}}}","parts":"{{{Convert.ToHexStringLower(
                SHA256.HashData(SHA256.HashData([0])))}}}","before":{{{before}}}}}
            """;

        async Task<string> RefusedAsync(long disposal, string owner, string streams) =>
            (await Assert.ThrowsAsync<PostgresException>(() => place.ExecuteAsync(
                $"""
                SELECT journal_cut_rows({disposal}, '{new string('a', 64)}', sha256('\x00'), '\x00', ARRAY['{owner}'],
                    array_agg(ordering), array_agg('\x01'::bytea)) FROM journal WHERE persistence_id LIKE '{streams}'
                """))).MessageText;
    }

    [PostgresFact]
    public async Task nothing_goes_behind_a_hold_that_came_since_though_somebody_wrote_that_it_is_lifted()
    {
        await store.WriteStreamAsync("call|src|s-1|c", 1);
        var leaf = (byte[])(await place.ExecuteAsync(
            """
            SELECT sha256('\x00'::bytea || convert_to(format(
                '{"v":2,"position":%s,"stream":"01","seq":%s,"created":%s,"sha256":"%s"}', ordering, sequence_number, created,
                encode(sha256(message), 'hex')), 'UTF8')) FROM journal WHERE persistence_id = 'call|src|s-1|c'
            """))!;
        var (part, text) = (SHA256.HashData(leaf), Convert.ToHexStringLower(leaf));
        string disposed = $$$"""
            {"act":"rows.disposed","facts":{"sha256":"{{{new string('a', 64)}}}","parts":"{{{Convert.ToHexStringLower(
                SHA256.HashData(part))}}}","before":{{{long.MaxValue}}}}}
            """;
        var first = await KeepAsync(disposed);
        await KeepAsync("""{"act":"hold.added","facts":{"id":"h","source":"src","session_id":"s-2"}}""");
        await KeepAsync("""{"act":"hold.lifted","facts":{"id":"h"}}""");
        var held = await Assert.ThrowsAsync<PostgresException>(() => CutAsync(first));
        Assert.Contains("a hold was added behind the event", held.MessageText);
        var again = await KeepAsync(disposed);
        // A transaction that began before a hold would not see it.
        foreach (var level in new[] { "REPEATABLE READ", "SERIALIZABLE" })
        {
            var older = await Assert.ThrowsAsync<PostgresException>(
                () => CutAsync(again, $"BEGIN ISOLATION LEVEL {level};"));
            Assert.Contains("READ COMMITTED only", older.MessageText);
        }

        Assert.Equal(1L, await CutAsync(again));
        var added = await Assert.ThrowsAsync<PostgresException>(() => place.ExecuteAsync(
            """
            BEGIN ISOLATION LEVEL REPEATABLE READ;
            INSERT INTO journal (created, deleted, persistence_id, sequence_number, message)
            VALUES (1, false, 'call|src|s-1|c', 2, 'x')
            """));
        Assert.Contains("READ COMMITTED only", added.MessageText);

        Task<object?> CutAsync(long disposal, string begin = "") => place.ExecuteAsync(
            $"""
            {begin}
            SELECT journal_cut_rows({disposal}, '{new string('a', 64)}', '\x{Convert.ToHexStringLower(part)}', '\x{text}', ARRAY['notes|src|s-1'],
                array_agg(ordering), array_agg('\x01'::bytea)) FROM journal WHERE persistence_id = 'call|src|s-1|c'
            """);
    }

    private async Task<long> KeepAsync(string message) => (long)(await place.ExecuteAsync(
        $"""
        INSERT INTO journal (created, deleted, persistence_id, sequence_number, message)
        SELECT 1, false, 'operator|keeping', count(*) + 1, convert_to('{message}', 'UTF8') FROM journal
        WHERE persistence_id = 'operator|keeping' RETURNING ordering
        """))!;

    [PostgresFact]
    public async Task the_table_has_the_two_indexes_that_serve_and_no_other()
    {
        var indexes = await place.ExecuteAsync(
            "SELECT string_agg(indexname, ' ' ORDER BY indexname) FROM pg_indexes WHERE tablename = 'journal'");
        Assert.Equal("journal_uq pk_journal", indexes);
    }
}
