using System.Text;

namespace Audit.Journal.Tests;

/// <summary>Rows for tests, and short ways to write and read them.</summary>
internal static class Rows
{
    public const string Manifest = "call.transitioned.v2";

    /// <summary>More rows than any store takes in its path for small appends.</summary>
    public const int Many = 300;

    /// <summary>An append of few rows and one of many, for a store may go different ways with them.</summary>
    public static readonly int[] FewAndMany = [0, Many];

    public static StreamHandle Handle(string stream) => new(new StreamKey(stream));

    public static RowToAppend Row(StreamHandle stream, long sequence, string? message = null) =>
        new(stream, sequence, Manifest, 638_000_000_000_000_000 + sequence, Message(stream, sequence, message));

    /// <summary>The first events of as many new streams.</summary>
    public static IEnumerable<RowToAppend> Neighbours(int count) =>
        Enumerable.Range(0, count).Select(_ => Row(Handle($"neighbour|{Guid.NewGuid()}"), 1));

    public static async Task<long[]> AppendAsync(this IAuditStore store, params IReadOnlyList<RowToAppend> rows)
    {
        var positions = Enumerable.Repeat(-1L, rows.Count).ToArray();
        await store.Journal.AppendAsync(rows, positions, CancellationToken.None);
        return positions;
    }

    /// <summary>Writes a stream's events 1 to last.</summary>
    public static async Task<StreamHandle> WriteStreamAsync(this IAuditStore store, string stream, int last)
    {
        var handle = Handle(stream);
        await store.AppendAsync([.. Enumerable.Range(1, last).Select(sequence => Row(handle, sequence))]);
        return handle;
    }

    public static async Task<IReadOnlyList<long>> SequencesAsync(this IAuditStore store, string stream)
    {
        var rows = await store.Journal.ReadStreamAsync(new StreamKey(stream), 0, int.MaxValue, CancellationToken.None);
        return [.. rows.Select(row => row.Sequence)];
    }

    public static Task<IReadOnlyList<JournalRow>> ReadAllAsync(this IAuditStore store) =>
        store.Journal.ReadAfterAsync(0, int.MaxValue, long.MaxValue, CancellationToken.None);

    private static byte[] Message(StreamHandle stream, long sequence, string? message) =>
        Encoding.UTF8.GetBytes(message ?? $$"""{"v":1,"stream":"{{stream.Key}}","sequence":{{sequence}}}""");
}

/// <summary>How long a test waits before it calls something hung.</summary>
internal static class Patience
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public static Task<T> OrHung<T>(this Task<T> task) => task.WaitAsync(Limit);

    public static Task OrHung(this Task task) => task.WaitAsync(Limit);
}
