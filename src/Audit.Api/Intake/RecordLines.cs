using System.Runtime.InteropServices;

namespace Audit.Api.Intake;

/// <summary>Lines that are items.</summary>
internal sealed class RecordLines(ItemIntake items) : ILineIntake
{
    public ValueTask<ItemBatch> ReadAsync(ReadOnlyMemory<byte> buffer, List<RawItem> lines, ItemDefaults defaults) =>
        new(ItemBatch.Read(buffer, CollectionsMarshal.AsSpan(lines), items, defaults));

    public void WriteEnd(ReceiptWriter writer)
    {
        // Every line has its receipt, and there is no more to say.
    }
}
