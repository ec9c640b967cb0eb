using System.Diagnostics;

namespace Audit.Actors.Dispatch;

/// <summary>
/// What this node has for one stream. One mail is under way at a time, so that items keep their order also when a mail
/// must be sent again; what comes meanwhile goes with the next one.
/// </summary>
internal sealed class StreamQueue(StreamKey key)
{
    public const int MostItems = 64;
    public const int MostBytes = 1 << 20;

    public StreamKey Key { get; } = key;

    public Queue<WaitingItem> Waiting { get; } = new();

    /// <summary>The items of the mail that is under way.</summary>
    public List<WaitingItem> UnderWay { get; } = [];

    /// <summary>By which its answer is known; 0 when none is under way.</summary>
    public long Ticket { get; set; }

    /// <summary>When the lot under way was sent for the first time.</summary>
    public long BegunAt { get; private set; }

    public long SentAt { get; set; }

    /// <summary>How often nobody took the mail under way.</summary>
    public int Untaken { get; set; }

    /// <summary>How often another writer was first.</summary>
    public int Overtaken { get; set; }

    /// <summary>It has waited for so long that it stands in nobody's way any more.</summary>
    public bool IsAside { get; set; }

    /// <summary>
    /// Its items are known again when they are sent twice, so that they may be while an answer is still to come.
    /// </summary>
    public bool MayBeAskedAgain =>
        UnderWay.TrueForAll(item => item.Submission is CallSubmission or NoteSubmission);

    /// <summary>Takes the next lot from what waits.</summary>
    public void TakeLot()
    {
        UnderWay.Clear();
        (Untaken, Overtaken, IsAside) = (0, 0, false);
        BegunAt = Stopwatch.GetTimestamp();
        var bytes = 0;
        while (UnderWay.Count < MostItems && Waiting.TryPeek(out var next)
            && (UnderWay.Count == 0 || bytes + next.Submission.Bytes <= MostBytes))
        {
            bytes += next.Submission.Bytes;
            UnderWay.Add(Waiting.Dequeue());
        }
    }
}

/// <summary>An item of a batch that has no receipt yet.</summary>
internal readonly record struct WaitingItem(BatchInWork Batch, int Index)
{
    public Submission Submission => Batch.Items[Index];

    public void Answer(Receipt receipt) => Batch.Answer(Index, receipt);
}
