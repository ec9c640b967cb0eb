namespace Audit.Api.Intake;

/// <summary>Makes items of the lines of one stream, batch after batch.</summary>
internal interface ILineIntake
{
    /// <param name="buffer">Holds the lines, and stays as it is until the receipts are there.</param>
    ValueTask<ItemBatch> ReadAsync(ReadOnlyMemory<byte> buffer, List<RawItem> lines, ItemDefaults defaults);

    /// <summary>Writes what is to be said after the receipts.</summary>
    void WriteEnd(ReceiptWriter writer);
}
