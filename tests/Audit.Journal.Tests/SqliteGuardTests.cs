using Microsoft.Data.Sqlite;

namespace Audit.Journal.Tests;

/// <summary>The SQLite file keeps the journal append-only against whoever writes it.</summary>
public sealed class SqliteGuardTests : IAsyncLifetime
{
    private const string Columns =
        "created, deleted, persistence_id, sequence_number, message, manifest, identifier, writer_uuid";

    private readonly SqlitePlace place = new();
    private IAuditStore store = null!;
    private IReadOnlyList<JournalRow> before = [];

    public async Task InitializeAsync()
    {
        store = await place.OpenAsync();
        await store.WriteStreamAsync("call", 3);
        before = await store.ReadAllAsync();
    }

    public async Task DisposeAsync()
    {
        await store.DisposeAsync();
        await place.DisposeAsync();
    }

    [Theory]
    [InlineData("UPDATE journal SET deleted = 1")]
    [InlineData("UPDATE journal SET message = x'00' WHERE ordering = 2")]
    [InlineData("UPDATE OR IGNORE journal SET ordering = 99 WHERE ordering = 2")]
    [InlineData("UPDATE journal SET rowid = 99 WHERE ordering = 2")]
    [InlineData("DELETE FROM journal")]
    [InlineData("DELETE FROM journal WHERE ordering = 3")]
    [InlineData($"INSERT INTO journal ({Columns}) VALUES (1, 0, 'call', 2, x'00', 'm', 1, 'w')")]
    [InlineData($"INSERT OR REPLACE INTO journal ({Columns}) VALUES (1, 0, 'call', 2, x'00', 'm', 1, 'w')")]
    [InlineData($"INSERT OR IGNORE INTO journal ({Columns}) VALUES (1, 0, 'call', 2, x'00', 'm', 1, 'w')")]
    [InlineData($"INSERT OR REPLACE INTO journal (ordering, {Columns}) VALUES (2, 1, 0, 'new', 1, x'00', 'm', 1, 'w')")]
    [InlineData($"REPLACE INTO journal (rowid, {Columns}) VALUES (3, 1, 0, 'new', 1, x'00', 'm', 1, 'w')")]
    [InlineData($"INSERT INTO journal (ordering, {Columns}) VALUES (1, 1, 0, 'new', 1, x'00', 'm', 1, 'w')")]
    [InlineData(
        $"INSERT INTO journal ({Columns}) VALUES (1, 0, 'call', 2, x'00', 'm', 1, 'w') ON CONFLICT DO UPDATE SET deleted = 1")]
    [InlineData(
        $"""
        INSERT INTO journal (ordering, {Columns}) VALUES (2, 1, 0, 'new', 1, x'00', 'm', 1, 'w')
        ON CONFLICT (ordering) DO UPDATE SET message = excluded.message
        """)]
    [InlineData($"INSERT INTO journal ({Columns}) VALUES (1, 0, 'call', 2, x'00', 'm', 1, 'w') ON CONFLICT DO NOTHING")]
    public async Task what_is_written_cannot_be_changed(string sql)
    {
        var failure = Assert.Throws<SqliteException>(() => place.Execute(sql));

        Assert.Contains("the journal is append-only", failure.Message);
        Assert.Equivalent(before, await store.ReadAllAsync());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(-7)]
    public async Task no_row_can_be_put_before_the_first(long ordering)
    {
        Assert.Throws<SqliteException>(() => place.Execute(
            $"INSERT OR REPLACE INTO journal (ordering, {Columns}) VALUES ({ordering}, 1, 0, 'new', 1, x'00', 'm', 1, 'w')"));
        Assert.Equivalent(before, await store.ReadAllAsync());
    }

    [Fact]
    public async Task a_gap_in_the_positions_never_fills()
    {
        place.Execute($"INSERT INTO journal (ordering, {Columns}) VALUES (50, 1, 0, 'new', 1, x'00', 'm', 1, 'w')");

        Assert.Throws<SqliteException>(() => place.Execute(
            $"INSERT INTO journal (ordering, {Columns}) VALUES (40, 1, 0, 'newer', 1, x'00', 'm', 1, 'w')"));

        var positions = await store.AppendAsync(Rows.Row(Rows.Handle("next"), 1));
        Assert.Equal(51, positions[0]);
    }

    [Fact]
    public async Task a_plain_insert_of_another_program_is_one_more_event()
    {
        var waiting = store.Journal.WaitForMoreAsync(3, CancellationToken.None);

        place.Execute($"INSERT INTO journal ({Columns}) VALUES (1, 0, 'call', 4, x'7b7d', NULL, NULL, NULL)");

        Assert.Equal(4, await waiting.OrHung());
        var row = (await store.ReadAllAsync())[^1];
        Assert.Equal(("call", 4, "", null), (row.PersistenceId, row.Sequence, row.Manifest, row.WriterUuid));
        var handle = Rows.Handle("call");
        await store.AppendAsync(Rows.Row(handle, 4));
        Assert.True(handle.Lost);
    }

    [Fact]
    public async Task a_stream_found_broken_in_its_middle_is_lost_whole_and_its_neighbours_land()
    {
        place.Execute($"INSERT INTO journal ({Columns}) VALUES (1, 0, 'broken', 2, x'7b7d', 'm', 1, 'w')");
        var broken = Rows.Handle("broken");

        var positions = await store.AppendAsync(
            [.. Rows.Neighbours(1), Rows.Row(broken, 1), Rows.Row(broken, 2), .. Rows.Neighbours(1)]);

        Assert.True(broken.Lost);
        Assert.Equal([false, true, true, false], positions.Select(position => position == 0));
        Assert.Equal([2], await store.SequencesAsync("broken"));
        Assert.Equal(positions[3], await store.Journal.LastPositionAsync(CancellationToken.None));
    }

    [Fact]
    public async Task readings_do_not_wait_for_a_writer_and_appends_wait_their_turn()
    {
        await using var other = place.Connect();
        await using var transaction = other.BeginTransaction();
        await using var insert = other.CreateCommand();
        insert.CommandText = $"INSERT INTO journal ({Columns}) VALUES (1, 0, 'slow', 1, x'7b7d', 'm', 1, 'w')";
        insert.ExecuteNonQuery();

        var append = store.AppendAsync(Rows.Row(Rows.Handle("waits"), 1));
        Assert.Equal(3, (await store.ReadAllAsync().OrHung()).Count);
        Assert.False(append.IsCompleted);
        transaction.Commit();

        Assert.Equal(5, (await append.OrHung())[0]);
        Assert.Equal("slow", (await store.Journal.ReadRowAsync(4, CancellationToken.None))!.PersistenceId);
    }
}
