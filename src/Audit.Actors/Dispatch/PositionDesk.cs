using Akka.Actor;

namespace Audit.Actors.Dispatch;

/// <summary>
/// Finds the positions of what the actors wrote. They know only sequence numbers, for the plugin does not report more;
/// all receipts that wait for theirs are looked up in one read.
/// </summary>
internal sealed class PositionDesk(IJournal journal, IActorRef owner, FailureLog failures)
{
    private const int MostAtOnce = 2_000;

    private readonly Queue<(WaitingItem Item, Receipt Receipt)> waiting = new();
    private (WaitingItem Item, Receipt Receipt)[] reading = [];

    public void Add(WaitingItem item, Receipt receipt) => waiting.Enqueue((item, receipt));

    /// <summary>Begins the next read if none is under way; the owner is sent its end.</summary>
    public void ReadWaiting()
    {
        if (reading.Length > 0 || waiting.Count == 0)
        {
            return;
        }

        reading = new (WaitingItem, Receipt)[Math.Min(waiting.Count, MostAtOnce)];
        for (var index = 0; index < reading.Length; index++)
        {
            reading[index] = waiting.Dequeue();
        }

        ReadAsync().PipeTo(owner);
    }

    public void Take(Found found)
    {
        var read = reading;
        reading = [];
        for (var index = 0; index < read.Length; index++)
        {
            var (item, receipt) = read[index];
            receipt.Position = found.Positions is null ? 0 : found.Positions[index];
            item.Answer(receipt.Position > 0
                ? receipt
                : Receipt.Unknown(found.Failure ?? "what was written is not to be seen yet; it may be sent again"));
        }

        ReadWaiting();
    }

    private async Task<Found> ReadAsync()
    {
        try
        {
            var places = Array.ConvertAll(
                reading, each => new StreamPlace(each.Item.Submission.Stream, each.Receipt.Sequence));
            return new Found(await journal.ReadPositionsAsync(places, CancellationToken.None), null);
        }
        catch (Exception failure)
        {
            // However the read failed: what was written is known again as a duplicate, with its position, when it is
            // sent again.
            failures.Report("cluster positions", failure);
            return new Found(null, $"the position could not be read: {failure.Message}");
        }
    }

    internal sealed record Found(long[]? Positions, string? Failure);
}
