using System.Runtime.InteropServices;

namespace Audit.Api.Intake;

/// <summary>Makes items of the lines of one stream, batch after batch.</summary>
internal interface ILineIntake
{
    /// <param name="buffer">Holds the lines, and stays as it is until the receipts are there.</param>
    ValueTask<ItemBatch> ReadAsync(ReadOnlyMemory<byte> buffer, List<RawItem> lines, ItemDefaults defaults);

    /// <summary>Writes what follows the receipts.</summary>
    void WriteEnd(ReceiptWriter writer);

    /// <summary>
    /// Who sent the lines can send single ones again, so that one whose stream is away need not stop the others.
    /// </summary>
    bool AnswersEach => false;
}

/// <summary>Lines that are items.</summary>
internal sealed class RecordLines(ItemIntake items) : ILineIntake
{
    public bool AnswersEach => true;

    public ValueTask<ItemBatch> ReadAsync(ReadOnlyMemory<byte> buffer, List<RawItem> lines, ItemDefaults defaults) =>
        new(ItemBatch.Read(buffer, CollectionsMarshal.AsSpan(lines), items, defaults));

    public void WriteEnd(ReceiptWriter writer)
    {
        // Every line has its receipt, and there is no more to say.
    }
}

/// <summary>
/// An item as it lies in the buffer of its batch; or, for one that was too large for that, what was kept of it.
/// </summary>
/// <param name="Line">Its line in the body, from 1; 0 where lines mean nothing.</param>
internal readonly record struct RawItem(int Start, int Length, LargeItem? Large = null, long Line = 0);

/// <summary>An item of which only the head was kept while the rest passed by.</summary>
internal sealed record LargeItem(byte[] Head, long Length, Fingerprint Whole);

/// <summary>A batch of a stream on its way; its buffer is its own until the receipts are there.</summary>
internal sealed record LineBatch(long FirstIndex, byte[] Buffer, Task<Receipt[]> Receipts);
