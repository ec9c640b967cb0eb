using System.Text;
using Audit.Journal.Events;
using Audit.Journal.Sealing;
using Audit.Lifecycle.Events;

namespace Audit.Journal.Tests;

public sealed class RecentRowsTests : IAsyncDisposable
{
    private readonly SqlitePlace place = new();
    private readonly MessageRoom room = new();

    public ValueTask DisposeAsync() => place.DisposeAsync();

    [Fact]
    public async Task what_was_written_a_moment_ago_is_read_as_the_store_has_it_without_reading_it()
    {
        await using var store = await place.OpenAsync();
        for (var commit = 0; commit < 20; commit++)
        {
            await WriteAsync(store, commit, rows: 1 + (commit % 7), withContent: commit % 3 > 0);
        }

        var last = await store.Opened.LastPositionAsync(default);
        for (var after = 0; after <= last; after++)
        {
            foreach (var limit in new[] { 1, 3, 1_000 })
            {
                await SameAsync(store, after, limit, bytes: 1_000_000);
            }

            await SameAsync(store, after, limit: 1_000, bytes: 1);
        }

        Assert.Equal(last, store.Recent.After(0, 1_000, long.MaxValue).Rows.Count);
        Assert.Contains(store.Recent.After(0, 1_000, long.MaxValue).Rows, row => Text(row).Contains("said 4", StringComparison.Ordinal));
    }

    [Fact]
    public async Task between_and_behind_the_rows_of_this_process_those_of_others_are_read()
    {
        await using var store = await place.OpenAsync();
        await WriteAsync(store, 0, rows: 3, withContent: true);
        await WriteAsync(store, 1, rows: 2, withContent: true, isKept: false);
        await SameAsync(store, 0, limit: 100, bytes: 1_000_000);
        await WriteAsync(store, 2, rows: 3, withContent: true);
        await SameAsync(store, 0, limit: 100, bytes: 1_000_000);
        await SameAsync(store, 5, limit: 100, bytes: 1_000_000);
        Assert.Empty(store.Recent.After(3, 100, long.MaxValue).Rows);
        Assert.Equal(3, store.Recent.After(5, 100, long.MaxValue).Rows.Count);
        await WriteAsync(store, 3, rows: 2, withContent: true, isKept: false);
        await SameAsync(store, 5, limit: 100, bytes: 1_000_000);
        await SameAsync(store, 6, limit: 3, bytes: 1_000_000);
    }

    [Fact]
    public async Task rows_that_were_not_written_are_none()
    {
        await using var store = await place.OpenAsync();
        var written = await RowsAsync(store, 0, 3, withContent: true);
        written[1].Stream.Lose();
        var positions = new long[3];
        await store.Journal.AppendAsync(written, positions, default);
        store.Recent.Keep(written, positions);
        Assert.Equal([1L, 2L], store.Recent.After(0, 10, long.MaxValue).Rows.Select(row => row.Position));
        await SameAsync(store, 0, limit: 100, bytes: 1_000_000);
    }

    [Fact]
    public async Task once_a_key_was_ended_nothing_is_kept_of_what_was_sealed_with_it_before_or_later()
    {
        await using var store = await place.OpenAsync();
        var handles = await WriteAsync(store, 0, rows: 2, withContent: true);
        Assert.Equal(2, store.Recent.After(0, 10, long.MaxValue).Rows.Count);
        var owner = StreamNames.PayloadOwner(handles[0].Stream.Key.ToString());
        await store.EndKeysAsync(new Dictionary<string, IReadOnlyCollection<string>?> { [owner] = null }, default);

        Assert.Empty(store.Recent.After(0, 10, long.MaxValue).Rows);
        Assert.All(await store.Followed.ReadAfterAsync(0, 10, 1_000_000, default), row => Assert.DoesNotContain("said", Text(row)));

        // A stream that was begun before goes on with the key it has.
        var late = handles.Select(row => row with { Sequence = 2 }).ToArray();
        var positions = new long[late.Length];
        await store.Journal.AppendAsync(late, positions, default);
        store.Recent.Keep(late, positions);
        Assert.All(await store.Followed.ReadAfterAsync(0, 10, 1_000_000, default), row => Assert.DoesNotContain("said", Text(row)));

        // One of another session that is begun from now on is known again.
        await WriteAsync(store, 7, rows: 2, withContent: true, session: "other");
        Assert.Equal(2, store.Recent.After(4, 10, long.MaxValue).Rows.Count);
        await SameAsync(store, 0, limit: 100, bytes: 1_000_000);
    }

    [Fact]
    public async Task nothing_is_kept_for_long_for_it_may_have_been_cut()
    {
        await using var store = await place.OpenAsync();
        var clock = new SetClock();
        var recent = new RecentRows(store.Seal.Payloads, clock);
        recent.Keep(await RowsAsync(store, 0, 2, withContent: true), [1, 2]);
        clock.Now += TimeSpan.FromSeconds(50);
        recent.Keep(await RowsAsync(store, 1, 2, withContent: true), [3, 4]);
        Assert.Equal(4, recent.After(0, 10, long.MaxValue).Rows.Count);
        clock.Now += TimeSpan.FromSeconds(20);
        Assert.Empty(recent.After(0, 10, long.MaxValue).Rows);
        Assert.Equal(2, recent.After(2, 10, long.MaxValue).Rows.Count);
        clock.Now += TimeSpan.FromSeconds(50);
        Assert.Empty(recent.After(2, 10, long.MaxValue).Rows);
        recent.Keep(await RowsAsync(store, 2, 1, withContent: true), [5]);
        Assert.Single(recent.After(4, 10, long.MaxValue).Rows);
    }

    [Theory]
    [InlineData("DELETE FROM journal WHERE ordering > 2")]
    [InlineData("UPDATE journal SET message = (SELECT message FROM journal WHERE ordering = 1) WHERE ordering = 4")]
    public async Task a_store_that_was_changed_under_the_process_is_read_as_it_is_now(string change)
    {
        await using var store = await place.OpenAsync();
        await WriteAsync(store, 0, rows: 4, withContent: true);
        Assert.Equal(4, (await store.Followed.ReadAfterAsync(0, 4, 1_000_000, default)).Count);
        foreach (var trigger in Triggers())
        {
            place.Execute($"DROP TRIGGER {trigger}");
        }

        place.Execute(change);
        await SameAsync(store, 0, limit: 4, bytes: 1_000_000);
        await SameAsync(store, 3, limit: 10, bytes: 1_000_000);
        Assert.Empty(store.Recent.After(0, 10, long.MaxValue).Rows);
    }

    [Fact]
    public async Task no_more_is_kept_than_there_is_room_for()
    {
        await using var store = await place.OpenAsync();
        var rows = await RowsAsync(store, 0, 2, withContent: true);
        for (var position = 1L; position <= 10_000; position += 2)
        {
            store.Recent.Keep(rows, [position, position + 1]);
        }

        Assert.Empty(store.Recent.After(1_000, 10, long.MaxValue).Rows);
        var newest = store.Recent.After(9_990, 100, long.MaxValue).Rows;
        Assert.Equal(Enumerable.Range(9_991, 10).Select(position => (long)position), newest.Select(row => row.Position));
        var big = rows[0] with { Opened = new byte[5 << 20] };
        store.Recent.Keep([big, big], [10_001, 10_002]);
        Assert.Single(store.Recent.After(10_001, 100, long.MaxValue).Rows);
        Assert.Empty(store.Recent.After(10_000, 100, long.MaxValue).Rows);
    }

    private List<string> Triggers()
    {
        using var connection = place.Connect();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT name FROM sqlite_master WHERE type = 'trigger'";
        using var read = command.ExecuteReader();
        var found = new List<string>();
        while (read.Read())
        {
            found.Add(read.GetString(0));
        }

        return found;
    }

    private static async Task SameAsync(IAuditStore store, long after, int limit, long bytes)
    {
        var known = await store.Followed.ReadAfterAsync(after, limit, bytes, default);
        var read = await store.Opened.ReadAfterAsync(after, limit, bytes, default);
        if (bytes > 1)
        {
            Assert.Equal(read.Count, known.Count);
        }

        foreach (var (mine, its) in known.Zip(read))
        {
            Assert.Equal(Text(its), Text(mine));
            Assert.Equal(its.Stored ?? its.Message, mine.Stored ?? mine.Message);
            Assert.Equal(
                its with { Message = [], Stored = null, WriterUuid = null }, mine with { Message = [], Stored = null, WriterUuid = null });
        }
    }

    private async Task<IReadOnlyList<RowToAppend>> WriteAsync(
        IAuditStore store, int commit, int rows, bool withContent, bool isKept = true, string session = "s")
    {
        var written = await RowsAsync(store, commit, rows, withContent, session);
        var positions = new long[rows];
        await store.Journal.AppendAsync(written, positions, default);
        if (isKept)
        {
            store.Recent.Keep(written, positions);
        }

        return written;
    }

    private async Task<IReadOnlyList<RowToAppend>> RowsAsync(
        IAuditStore store, int commit, int rows, bool withContent, string session = "s")
    {
        var written = new List<RowToAppend>();
        using var writer = new EventWriter(store.Seal.Proof) { Room = room };
        for (var index = 0; index < rows; index++)
        {
            var stream = new StreamKey($"call|ci|{session}|c-{commit}-{index}");
            await store.Seal.Payloads.EnsureAsync([stream], default);
            var generation = store.Seal.Payloads.Generation;
            Assert.True(store.Seal.Payloads.TryGet(stream, out var key));
            writer.Begin(stream, 0, key);
            var detail = withContent ? Encoding.UTF8.GetBytes($$"""{"text":"said {{commit}} {{new string('x', commit * 40)}}"}""") : [];
            var made = writer.WriteOperator("act", "ada", default, detail);
            written.Add(new RowToAppend(
                new StreamHandle(stream) { KeysOf = generation }, 1, made.Manifest, 5, made.Message, made.Opened));
        }

        return written;
    }

    private static string Text(JournalRow row) => Encoding.UTF8.GetString(row.Message);

    private sealed class SetClock : TimeProvider
    {
        public TimeSpan Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }
}
