using System.Text;

namespace Audit.Integrity.Tests.Support;

/// <summary>The log's entry of a row that the journal gave, in a book of these tests.</summary>
internal static class RowEntry
{
    public static byte[] Write(JournalRow row) => BatchOf(row).Entry(0);

    public static void HashLeaf(JournalRow row, Span<byte> leaf) => BatchOf(row).Leaf(0).CopyTo(leaf);

    private static RowBatch BatchOf(JournalRow row)
    {
        var batch = new RowBatch();
        var slot = new RowSlot
        {
            Position = row.Position,
            Sequence = row.Sequence,
            Created = row.CreatedTicks,
            Identifier = row.Identifier,
            Deleted = row.Deleted,
        };
        batch.Add(slot, Encoding.UTF8.GetBytes(row.PersistenceId), Encoding.UTF8.GetBytes(row.Manifest), row.Message);
        batch.Hash(Book.Entries);
        return batch;
    }
}
