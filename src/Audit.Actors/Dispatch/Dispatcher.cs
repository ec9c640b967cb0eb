using System.Diagnostics;
using Akka.Actor;
using Akka.Cluster;
using Akka.Event;
using Audit.Actors.Messages;

namespace Audit.Actors.Dispatch;

/// <summary>
/// Stands between the batches of one node and the actors of the cluster: sends each stream its items, waits for the
/// answers, sends again what for certain was not written, asks again where no answer comes, and gives every item its
/// receipt in the end.
/// </summary>
internal sealed class Dispatcher : ReceiveActor, IWithTimers
{
    /// <summary>More actors at work at once than a few writes can hold only wait for each other, in memory.</summary>
    private const int MostUnderWay = 2_048;

    private const int MostOvertaken = 50;
    private const int LongestPauseOfOvertaken = 32;
    private const int LongestPauseOfUntaken = 1_000;
    private static readonly TimeSpan Watch = TimeSpan.FromMilliseconds(250);

    /// <summary>Streams whose node is gone would soon be all that are under way, and keep the others from it.</summary>
    private static readonly TimeSpan UntilAside = TimeSpan.FromSeconds(1);

    private readonly Dictionary<StreamKey, StreamQueue> queues = [];
    private readonly Dictionary<long, StreamQueue> underWay = [];
    private readonly Queue<StreamQueue> ready = new();
    private readonly Func<Submission, IActorRef> regionFor;
    private readonly AnswerTimes times;
    private long lastTicket;
    private int busy;

    public Dispatcher(Func<Submission, IActorRef> regionFor, AnswerTimes times)
    {
        this.regionFor = regionFor;
        this.times = times;
        Receive<BatchInWork>(Distribute);
        Receive<StreamAnswer>(Take);
        Receive<StreamQueue>(Send);
        Receive<LookForLate>(_ => LookAtLate());
        // What was on its way to that node is lost; its streams have new homes as soon as somebody asks for them.
        Receive<ClusterEvent.MemberRemoved>(_ => AskAgain(UntilAside));
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart()
    {
        Timers.StartPeriodicTimer(LookForLate.Instance, LookForLate.Instance, Watch);
        Cluster.Get(Context.System).Subscribe(
            Self, ClusterEvent.InitialStateAsEvents, typeof(ClusterEvent.MemberRemoved));
    }

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

        SendReady();
    }

    private void SendReady()
    {
        while (busy < MostUnderWay && ready.TryDequeue(out var next))
        {
            busy++;
            next.TakeLot();
            Send(next);
        }
    }

    private void Send(StreamQueue queue)
    {
        queue.Ticket = ++lastTicket;
        underWay.Add(queue.Ticket, queue);
        Ask(queue);
    }

    private void Ask(StreamQueue queue)
    {
        queue.SentAt = Stopwatch.GetTimestamp();
        var items = new WireItem[queue.UnderWay.Count];
        for (var index = 0; index < items.Length; index++)
        {
            items[index] = WireItem.Of(queue.UnderWay[index].Submission);
        }

        var mail = new StreamMail(queue.Key.ToString(), queue.Ticket, items);
        regionFor(queue.UnderWay[0].Submission).Tell(mail);
    }

    private void Take(StreamAnswer answer)
    {
        if (!underWay.Remove(answer.Ticket, out var queue))
        {
            // It came after its time, or for the second time; whoever waited for it has an answer.
            return;
        }

        switch (answer)
        {
            case StreamAnswer.Decided decided:
                Settle(queue, decided.Receipts);
                break;
            case StreamAnswer.Unknown unknown:
                GiveUp(queue, Receipt.Unknown(unknown.Reason));
                break;
            case StreamAnswer.NothingWritten { WasOvertaken: true }:
                SendAgainAfterOthers(queue);
                break;
            default:
                SendAgain(queue, ++queue.Untaken, LongestPauseOfUntaken);
                break;
        }
    }

    private void Settle(StreamQueue queue, Receipt[] receipts)
    {
        for (var index = 0; index < queue.UnderWay.Count; index++)
        {
            queue.UnderWay[index].Answer(receipts[index]);
        }

        Leave(queue);
    }

    /// <summary>
    /// Two writers of one stream would go on overtaking each other; a pause of random length lets one through.
    /// </summary>
    private void SendAgainAfterOthers(StreamQueue queue)
    {
        if (++queue.Overtaken > MostOvertaken)
        {
            GiveUp(queue, Receipt.Unknown("other writers kept moving this stream on; it may be sent again"));
            return;
        }

        SendAgain(queue, queue.Overtaken, LongestPauseOfOvertaken);
    }

    private void SendAgain(StreamQueue queue, int tries, int longestPause)
    {
        if (Stopwatch.GetElapsedTime(queue.BegunAt) > times.Patience)
        {
            GiveUp(queue, Nobody());
            return;
        }

        var pause = Random.Shared.Next(1, Math.Min(1 << Math.Min(tries, 10), longestPause) + 1);
        Context.System.Scheduler.ScheduleTellOnce(TimeSpan.FromMilliseconds(pause), Self, queue, Self);
    }

    private void LookAtLate()
    {
        var late = underWay.Values.Where(queue => Stopwatch.GetElapsedTime(queue.BegunAt) > times.Patience).ToArray();
        foreach (var queue in late)
        {
            underWay.Remove(queue.Ticket);
            GiveUp(queue, Nobody());
        }

        foreach (var queue in underWay.Values)
        {
            if (!queue.IsAside && Stopwatch.GetElapsedTime(queue.BegunAt) > UntilAside)
            {
                queue.IsAside = true;
                busy--;
            }
        }

        AskAgain(times.AskAgainAfter);
        SendReady();
    }

    /// <summary>
    /// Asks again, under the same ticket, for what was sent longer ago than this: the mail may have been lost with the
    /// node that it went to, or the answer. The answer that comes first counts.
    /// </summary>
    private void AskAgain(TimeSpan after)
    {
        foreach (var queue in underWay.Values)
        {
            if (Stopwatch.GetElapsedTime(queue.SentAt) > after && queue.MayBeAskedAgain)
            {
                Ask(queue);
            }
        }
    }

    private Receipt Nobody() => Receipt.Unavailable(
        $"the node that keeps this stream did not answer within {times.Patience.TotalSeconds:0.#} s, and no other has "
        + "it yet; it may be sent again");

    private void GiveUp(StreamQueue queue, Receipt receipt)
    {
        foreach (var item in queue.UnderWay)
        {
            item.Answer(receipt);
        }

        Leave(queue);
    }

    private void Leave(StreamQueue queue)
    {
        busy -= queue.IsAside ? 0 : 1;
        SendNext(queue);
    }

    private sealed class LookForLate
    {
        public static readonly LookForLate Instance = new();
    }
}

/// <param name="AskAgainAfter">When a mail is sent again to which no answer came.</param>
/// <param name="Patience">When its items are answered as unavailable.</param>
internal readonly record struct AnswerTimes(TimeSpan AskAgainAfter, TimeSpan Patience);

/// <summary>
/// Answers whoever sent mail that reached nobody: its actor had just ended, could not read its stream, or lives on a
/// node that is gone. What was never taken was never written, for certain, so that it can be sent again at once.
/// </summary>
internal sealed class LostMail : ReceiveActor
{
    public LostMail() => Receive<DeadLetter>(SendBack);

    protected override void PreStart() => Context.System.EventStream.Subscribe(Self, typeof(DeadLetter));

    private static void SendBack(DeadLetter letter)
    {
        if (letter.Message is StreamMail mail)
        {
            letter.Sender.Tell(new StreamAnswer.NothingWritten(mail.Ticket));
        }
    }
}
