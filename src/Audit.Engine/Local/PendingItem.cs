using Audit.Engine.Submitting;

namespace Audit.Engine.Local;

/// <summary>An item that is decided and waits for its commit: the rows it made, and the receipt it will get.</summary>
/// <param name="Stream">Null for an item that could not be decided and takes its receipt as it is.</param>
internal readonly record struct PendingItem(
    BatchInWork Batch, int Index, LiveStream? Stream, Receipt Receipt, int FirstRow, int RowCount, int Tries)
{
    public Submission Submission => Batch.Items[Index];
}
