using System.Diagnostics;
using Akka.Actor;
using Akka.Cluster.Sharding;
using Akka.Persistence;
using Audit.Actors.Journal;
using Audit.Actors.Messages;

namespace Audit.Actors.Streams;

/// <summary>
/// The persistent actor of one stream. It decides with the same code as the local engine, answers only after the write,
/// and takes all that waits in one go: what comes while a write is under way is held here, and not in the system's own
/// stash, so that nothing is lost with the actor when the write fails.
/// </summary>
internal abstract class StreamActor : ReceivePersistentActor
{
    private readonly StreamRoom room;
    private readonly AuditStream stream;
    private readonly StreamKey key;
    private readonly List<EncodedEvent> events = [];
    private readonly List<(IActorRef Sender, StreamMail Mail)> waiting = [];
    private readonly List<(IActorRef Sender, StreamAnswer Answer)> answers = [];
    private bool isUnreadable;
    private bool hasKey;
    private bool isFetchingKey;
    private byte[]? payloadKey;
    private int unwritten;
    private long began;
    private bool wasRead;
    private bool stopping;
    private ICancelable? counting;

    protected StreamActor(string persistenceId, StreamRoom room, AuditStream stream)
    {
        PersistenceId = persistenceId;
        key = new StreamKey(persistenceId);
        this.room = room;
        this.stream = stream;
        Recover<JournalEvent>(Replay);
        Command<StreamMail>(Take);
        Command<KeyFetched>(TakeKey);
        Command<ReceiveTimeout>(_ => Passivate());
        Command<CountsAreDue>(_ => WriteCountsInTime());
        Command<Stop>(_ => StopWhenDone());
    }

    public override string PersistenceId { get; }

    /// <summary>Nobody makes snapshots: a stream is short, and its events are the book.</summary>
    public override Recovery Recovery { get; } = new(SnapshotSelectionCriteria.None);

    private bool IsWriting => unwritten > 0;

    protected override void PreStart()
    {
        base.PreStart();
        room.Started();
        Context.SetReceiveTimeout(room.Options.IdleAfter);
    }

    protected override void PostStop()
    {
        counting?.Cancel();
        room.Ended();
        base.PostStop();
    }

    /// <summary>
    /// Whoever waits is answered before the actor ends: not known, or nothing written where the database says so. The
    /// shard is informed first, so that it keeps what is sent again for the actor that follows this one.
    /// </summary>
    protected override void OnPersistFailure(Exception cause, object @event, long sequenceNr)
    {
        if (!IsWriting)
        {
            return;
        }

        unwritten = 0;
        var isConflict = WriteFailure.IsConflict(cause);
        room.Failed(isConflict);
        if (!isConflict)
        {
            room.Options.Failures.Report("cluster write", cause);
        }

        Context.Parent.Tell(new Passivate(Stop.Instance));
        foreach (var (sender, answer) in answers)
        {
            sender.Tell(isConflict
                ? new StreamAnswer.NothingWritten(answer.Ticket)
                : new StreamAnswer.Unknown(answer.Ticket, $"the journal failed: {cause.GetBaseException().Message}"));
        }

        foreach (var (sender, mail) in waiting)
        {
            sender.Tell(new StreamAnswer.NothingWritten(mail.Ticket));
        }

        waiting.Clear();
    }

    /// <summary>
    /// Its number is used up and the history stands ahead of the stream, so that a new actor has to begin.
    /// </summary>
    protected override void OnPersistRejected(Exception cause, object @event, long sequenceNr)
    {
        OnPersistFailure(cause, @event, sequenceNr);
        Context.Stop(Self);
    }

    private void Replay(JournalEvent happened)
    {
        wasRead = true;
        try
        {
            var row = new JournalRow(0, PersistenceId, LastSequenceNr, 0, happened.Manifest, happened.Message);
            stream.Replay(row, room.Proof.Proves(row));
        }
        catch (InvalidDataException failure)
        {
            // It would be as unreadable after every restart; the actor stays and says so to whoever asks.
            room.Options.Failures.Report("cluster replay", failure);
            isUnreadable = true;
        }
    }

    private void Take(StreamMail mail)
    {
        waiting.Add((Sender, mail));
        if (!hasKey)
        {
            FetchKey();
        }
        else if (!IsWriting)
        {
            DecideWaiting();
        }
    }

    /// <summary>The key of the payloads is durable before the first event; mail waits for it.</summary>
    private void FetchKey()
    {
        if (isFetchingKey)
        {
            return;
        }

        // Mostly another call of the session had it fetched.
        hasKey = room.Payloads.TryGet(key, out payloadKey);
        if (hasKey)
        {
            DecideWaiting();
            return;
        }

        isFetchingKey = true;
        room.Payloads.EnsureAsync([key], CancellationToken.None)
            .ContinueWith(done => new KeyFetched(done.Exception?.GetBaseException()), TaskScheduler.Default)
            .PipeTo(Self);
    }

    private void TakeKey(KeyFetched fetched)
    {
        isFetchingKey = false;
        hasKey = fetched.Failure is null
            && room.Payloads.TryGet(key, out payloadKey);
        if (hasKey)
        {
            DecideWaiting();
            return;
        }

        if (fetched.Failure is { } failure)
        {
            room.Options.Failures.Report("cluster payload key", failure);
        }

        foreach (var (sender, mail) in waiting)
        {
            sender.Tell(new StreamAnswer.Unknown(mail.Ticket, "the store was away; it may be sent again"));
        }

        waiting.Clear();
        StopIfAsked();
    }

    private void DecideWaiting()
    {
        events.Clear();
        answers.Clear();
        foreach (var (sender, mail) in waiting)
        {
            answers.Add((sender, Decide(mail)));
        }

        waiting.Clear();
        if (events.Count == 0)
        {
            Answer();
            return;
        }

        WriteEvents();
    }

    private void WriteEvents()
    {
        (unwritten, began) = (events.Count, Stopwatch.GetTimestamp());
        PersistAllAsync(events.Select(each => new JournalEvent(each.Manifest, each.Message.ToArray())), _ => Written());
    }

    private StreamAnswer Decide(StreamMail mail) => isUnreadable
        ? new StreamAnswer.Unknown(mail.Ticket, "the stream could not be read; it may be sent again")
        : new StreamAnswer.Decided(mail.Ticket, Array.ConvertAll(mail.Items, Decide));

    private Receipt Decide(WireItem item)
    {
        var before = events.Count;
        try
        {
            var after = stream.Sequence;
            room.Writer.Begin(key, after, payloadKey);
            return stream.Decide(item.ToSubmission(PersistenceId), room.Writer, events, room.Options)
                .Hashed(events, before, after).Beside(stream.Missing);
        }
        catch (Exception exception)
        {
            // A fault of this program in one item: the stream moves on only after all is decided and encoded, so it
            // stands where it stood, and its neighbours go on.
            room.Options.Failures.Report("cluster decision", exception);
            events.RemoveRange(before, events.Count - before);
            return Receipt.Unknown($"the item could not be decided: {exception.Message}");
        }
    }

    private void Written()
    {
        if (--unwritten > 0)
        {
            return;
        }

        room.Wrote(events.Count, Stopwatch.GetElapsedTime(began));
        Answer();
    }

    private void Answer()
    {
        foreach (var (sender, answer) in answers)
        {
            sender.Tell(answer);
        }

        if (waiting.Count > 0)
        {
            DecideWaiting();
        }
        else if (stopping)
        {
            StopIfAsked();
        }
        else if ((stream.IsSettled && !wasRead) || room.IsCrowded)
        {
            // Nothing more is expected of what is settled. What was read back has proved the contrary and stays until
            // it is idle, if there is room.
            Passivate();
        }

        WatchCounts();
    }

    /// <summary>What is only counted is written within a few seconds.</summary>
    private void WatchCounts()
    {
        if (stream.HasUnwrittenCounts && counting is null)
        {
            counting = Context.System.Scheduler.ScheduleTellOnceCancelable(
                room.Options.CountedWithin, Self, CountsAreDue.Instance, Self);
        }
    }

    private void WriteCountsInTime()
    {
        counting = null;
        if (IsWriting || isFetchingKey || !WriteCounts())
        {
            WatchCounts();
        }
    }

    /// <returns>False where there is nothing to write.</returns>
    private bool WriteCounts()
    {
        if (!stream.HasUnwrittenCounts || isUnreadable)
        {
            return false;
        }

        events.Clear();
        answers.Clear();
        room.Writer.Begin(key, stream.Sequence, payloadKey);
        stream.WriteCounts(room.Writer, events);
        WriteEvents();
        return true;
    }

    private void Passivate()
    {
        if (!IsWriting && !isFetchingKey)
        {
            Context.Parent.Tell(new Passivate(Stop.Instance));
        }
    }

    private void StopWhenDone()
    {
        stopping = true;
        StopIfAsked();
    }

    private void StopIfAsked()
    {
        if (stopping && !IsWriting && !isFetchingKey && !WriteCounts())
        {
            Context.Stop(Self);
        }
    }

    private sealed record KeyFetched(Exception? Failure);

    private sealed class CountsAreDue
    {
        public static readonly CountsAreDue Instance = new();
    }
}

/// <summary>The actor of one tool call.</summary>
internal sealed class ToolCallActor(string persistenceId, StreamRoom room)
    : StreamActor(persistenceId, room, new CallStream());

/// <summary>The actor of one session's notes.</summary>
internal sealed class SessionActor(string persistenceId, StreamRoom room)
    : StreamActor(persistenceId, room, new SessionStream());

/// <summary>The actor of one task window.</summary>
internal sealed class TaskWindowActor(string persistenceId, StreamRoom room)
    : StreamActor(persistenceId, room, new WindowStream());

/// <summary>The actor of one day of the node's own acts.</summary>
internal sealed class OperatorActor(string persistenceId, StreamRoom room)
    : StreamActor(persistenceId, room, new OperatorStream());
