using Audit.Journal.Sealing;

namespace Audit.Journal.Tests;

public sealed class PayloadKeyTests
{
    private static readonly StreamKey Stream = new("call|ci|s-1|c-1");

    [Fact]
    public async Task a_key_that_a_failed_commit_took_away_seals_nothing()
    {
        var table = new KeyTable { LosesCommit = true };
        var keys = new PayloadKeys(TestKeys.Row, table);
        await Assert.ThrowsAsync<JournalUnavailableException>(() => keys.EnsureAsync([Stream], CancellationToken.None));
        Assert.False(keys.TryGet(Stream, out _));

        table.LosesCommit = false;
        await keys.EnsureAsync([Stream], CancellationToken.None);
        Assert.True(keys.TryGet(Stream, out var key));
        // Whoever opens the store later finds the same.
        var later = new PayloadKeys(TestKeys.Row, table);
        await later.LoadAsync([Stream.ToString()], CancellationToken.None);
        Assert.True(later.TryGet(Stream, out var found));
        Assert.Equal(key, found);
    }

    [Fact]
    public async Task a_key_that_was_ended_while_it_was_read_is_at_hand_no_more()
    {
        var table = new KeyTable();
        await new PayloadKeys(TestKeys.Row, table).EnsureAsync([Stream], CancellationToken.None);
        var keys = new PayloadKeys(TestKeys.Row, table);
        table.Read = () =>
        {
            table.Read = null;
            table.End();
            keys.Forget();
        };
        await keys.LoadAsync([Stream.ToString()], CancellationToken.None);
        Assert.True(keys.TryGet(Stream, out var key));
        Assert.Null(key);
    }

    /// <summary>The one table of the keys, with commits that fail when all was done but that.</summary>
    private sealed class KeyTable : IStoreDatabase, IStoreSession
    {
        private Dictionary<string, object?[]> rows = [];

        public bool LosesCommit { get; set; }

        /// <summary>Happens between a reading and whoever asked for it.</summary>
        public Action? Read { get; set; }

        public void End() => rows = rows.ToDictionary(row => row.Key, row => (object?[])[row.Value[0], row.Value[1], null]);

        public async Task<T> ReadAsync<T>(Func<IStoreSession, Task<T>> read, CancellationToken cancellation)
        {
            var found = await read(this);
            Read?.Invoke();
            return found;
        }

        public async Task<T> ChangeAsync<T>(Func<IStoreSession, Task<T>> change, CancellationToken cancellation)
        {
            var before = new Dictionary<string, object?[]>(rows);
            var result = await change(this);
            if (LosesCommit)
            {
                rows = before;
                throw new JournalUnavailableException("The disk is full.");
            }

            return result;
        }

        public Task<List<T>> QueryAsync<T>(
            string sql, IReadOnlyList<object?> values, Func<IStoredRow, T> read, CancellationToken cancellation) =>
            Task.FromResult(rows.Values.Where(row => values.Contains(row[0])).Select(row => read(new Row(row))).ToList());

        public Task<int> ExecuteAsync(string sql, IReadOnlyList<object?> values, CancellationToken cancellation) =>
            Task.FromResult(rows.TryAdd((string)values[0]!, [.. values]) ? 1 : 0);

        public async Task ExecuteAllAsync(
            string sql, IEnumerable<IReadOnlyList<object?>> values, CancellationToken cancellation)
        {
            foreach (var each in values)
            {
                await ExecuteAsync(sql, each, cancellation);
            }
        }

        public Task RunScriptAsync(string sql, CancellationToken cancellation) => throw new NotSupportedException(sql);
    }

    private sealed class Row(object?[] values) : IStoredRow
    {
        public bool IsNull(int column) => values[column] is null;

        public long Number(int column) => (long)values[column]!;

        public string Text(int column) => (string)values[column]!;

        public byte[] Blob(int column) => (byte[])values[column]!;

        public ReadOnlySpan<byte> Bytes(int column) => Blob(column);

        public bool Flag(int column) => (bool)values[column]!;
    }
}
