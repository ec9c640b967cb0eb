namespace Audit.Actors.Dispatch;

/// <summary>An item of a batch that has no receipt yet.</summary>
internal readonly record struct WaitingItem(BatchInWork Batch, int Index)
{
    public Submission Submission => Batch.Items[Index];

    public void Answer(Receipt receipt) => Batch.Answer(Index, receipt);
}
