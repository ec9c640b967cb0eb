using System.Diagnostics;
using Akka.Actor;
using Audit.Actors.Messages;

namespace Audit.Actors.Dispatch;

/// <summary>
/// Stands between the batches of one node and the actors of the cluster: sends each stream its items, waits for the
/// answers, sends again what for certain was not written, and gives every item its receipt in the end.
/// </summary>
internal sealed class Dispatcher : ReceiveActor, IWithTimers
{
    /// <summary>More actors at work at once than a few writes can hold only wait for each other, in memory.</summary>
    private const int MostUnderWay = 512;

    private const int MostTries = 50;
    private const int LongestPauseMilliseconds = 32;
    private static readonly TimeSpan Watch = TimeSpan.FromMilliseconds(500);

    private readonly Dictionary<StreamKey, StreamQueue> queues = [];
    private readonly Dictionary<long, StreamQueue> underWay = [];
    private readonly Queue<StreamQueue> ready = new();
    private readonly Func<Submission, IActorRef> regionFor;
    private readonly PositionDesk positions;
    private readonly TimeSpan patience;
    private long lastTicket;

    public Dispatcher(
        IJournal journal, Func<Submission, IActorRef> regionFor, TimeSpan patience, FailureLog failures)
    {
        this.regionFor = regionFor;
        this.patience = patience;
        positions = new PositionDesk(journal, Self, failures);
        Receive<BatchInWork>(Distribute);
        Receive<StreamAnswer>(Take);
        Receive<PositionDesk.Found>(positions.Take);
        Receive<StreamQueue>(Send);
        Receive<LookForLate>(_ => GiveUpLate());
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart() => Timers.StartPeriodicTimer(LookForLate.Instance, LookForLate.Instance, Watch);

    private void Distribute(BatchInWork batch)
    {
        var idle = new List<StreamQueue>();
        for (var index = 0; index < batch.Items.Count; index++)
        {
            var key = batch.Items[index].Stream;
            if (!queues.TryGetValue(key, out var queue))
            {
                queues.Add(key, queue = new StreamQueue(key));
                idle.Add(queue);
            }

            queue.Waiting.Enqueue(new WaitingItem(batch, index));
        }

        foreach (var queue in idle)
        {
            SendNext(queue);
        }
    }

    private void SendNext(StreamQueue queue)
    {
        if (queue.Waiting.Count == 0)
        {
            queues.Remove(queue.Key);
        }
        else
        {
            ready.Enqueue(queue);
        }

        while (underWay.Count < MostUnderWay && ready.TryDequeue(out var next))
        {
            next.TakeLot();
            Send(next);
        }
    }

    private void Send(StreamQueue queue)
    {
        queue.Ticket = ++lastTicket;
        queue.SentAt = Stopwatch.GetTimestamp();
        underWay.Add(queue.Ticket, queue);
        var items = queue.UnderWay.Select(item => WireItem.Of(item.Submission)).ToArray();
        var mail = new StreamMail(queue.Key.ToString(), queue.Ticket, items);
        regionFor(queue.UnderWay[0].Submission).Tell(mail);
    }

    private void Take(StreamAnswer answer)
    {
        if (!underWay.Remove(answer.Ticket, out var queue))
        {
            // It came after its time; whoever waited for it has the answer that nothing is known.
            return;
        }

        switch (answer)
        {
            case StreamAnswer.Decided decided:
                Settle(queue, decided.Receipts);
                break;
            case StreamAnswer.Unknown unknown:
                GiveUp(queue, unknown.Reason);
                break;
            default:
                SendAgain(queue);
                break;
        }
    }

    private void Settle(StreamQueue queue, Receipt[] receipts)
    {
        for (var index = 0; index < queue.UnderWay.Count; index++)
        {
            Settle(queue.UnderWay[index], receipts[index]);
        }

        positions.ReadWaiting();
        SendNext(queue);
    }

    private void Settle(WaitingItem item, Receipt receipt)
    {
        if (receipt.Status is ReceiptStatus.Recorded or ReceiptStatus.Duplicate or ReceiptStatus.Violation)
        {
            positions.Add(item, receipt);
        }
        else
        {
            item.Answer(receipt);
        }
    }

    /// <summary>
    /// Two writers of one stream would go on overtaking each other; a pause of random length lets one through.
    /// </summary>
    private void SendAgain(StreamQueue queue)
    {
        if (++queue.Tries > MostTries)
        {
            GiveUp(queue, "other writers kept moving this stream on; it may be sent again");
            return;
        }

        var pause = Random.Shared.Next(1, Math.Min(1 << Math.Min(queue.Tries, 10), LongestPauseMilliseconds) + 1);
        Context.System.Scheduler.ScheduleTellOnce(TimeSpan.FromMilliseconds(pause), Self, queue, Self);
    }

    private void GiveUpLate()
    {
        var late = underWay.Values.Where(queue => Stopwatch.GetElapsedTime(queue.SentAt) > patience).ToArray();
        foreach (var queue in late)
        {
            underWay.Remove(queue.Ticket);
            var seconds = $"{patience.TotalSeconds:0.#} s";
            GiveUp(queue, $"no answer came from the cluster within {seconds}; it may be sent again");
        }
    }

    private void GiveUp(StreamQueue queue, string reason)
    {
        foreach (var item in queue.UnderWay)
        {
            item.Answer(Receipt.Unknown(reason));
        }

        SendNext(queue);
    }

    private sealed class LookForLate
    {
        public static readonly LookForLate Instance = new();
    }
}
