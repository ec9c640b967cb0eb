using System.Text;

namespace Audit.Integrity.Entries;

/// <summary>The log's entry of a row that the journal gave.</summary>
internal static class RowEntry
{
    public static byte[] Write(JournalRow row)
    {
        Span<byte> entry = stackalloc byte[LogEntry.Longest];
        var length = LogEntry.Write(FieldsOf(row, Encoding.UTF8.GetBytes(row.PersistenceId)), entry);
        return entry[..length].ToArray();
    }

    public static void HashLeaf(JournalRow row, Span<byte> leaf)
    {
        const int UsualBytes = 512;
        Span<byte> usual = stackalloc byte[UsualBytes];
        var stream = Encoding.UTF8.TryGetBytes(row.PersistenceId, usual, out var length)
            ? usual[..length]
            : Encoding.UTF8.GetBytes(row.PersistenceId);
        LogEntry.HashLeaf(FieldsOf(row, stream), leaf);
    }

    private static EntryFields FieldsOf(JournalRow row, ReadOnlySpan<byte> stream) => new()
    {
        Position = row.Position,
        Stream = stream,
        Sequence = row.Sequence,
        Created = row.CreatedTicks,
        Manifest = Encoding.UTF8.GetBytes(row.Manifest),
        Message = row.Message,
        Identifier = row.Identifier,
        Deleted = row.Deleted,
    };
}
