using Akka.Actor;
using Akka.Cluster.Sharding;
using Audit.Actors.Journal;
using Audit.Actors.Messages;

namespace Audit.Actors.Streams;

/// <summary>
/// The persistent actor of one stream. It decides with the same code as the local engine, answers only after the write,
/// and takes all that waits in one go: what comes while a write is under way is held here, and not in the system's own
/// stash, so that nothing is lost with the actor when the write fails.
/// </summary>
internal abstract class StreamActor : JournaledActor
{
    private readonly StreamRoom room;
    private readonly AuditStream stream;
    private readonly StreamKey key;
    private readonly StreamHandle hold;
    private readonly List<EncodedEvent> events = [];
    private readonly MailTray tray = new();
    private StreamPositions positions;
    private StreamBet bet;
    private string? unread;
    private bool isPassing;
    private bool hasKey;
    private bool isFetchingKey;
    private byte[]? payloadKey;
    private int unwritten;
    private bool wasRead;
    private bool stopping;
    private ICancelable? counting;

    /// <param name="mayBeNew">Whether most streams of the kind are new when somebody first speaks of them.</param>
    protected StreamActor(string persistenceId, StreamRoom room, AuditStream stream, bool mayBeNew = false)
    {
        PersistenceId = persistenceId;
        key = new StreamKey(persistenceId);
        hold = new StreamHandle(key);
        this.room = room;
        this.stream = stream;
        bet = mayBeNew ? room.Bets.On(key) : default;
    }

    public override string PersistenceId { get; }

    protected override bool IsTakenForNew => bet.IsOpen;

    private bool IsWriting => unwritten > 0;

    protected override void OnReplayed(object happened, long sequence)
    {
        if (happened is JournalEvent known)
        {
            Replay(known, sequence);
        }
        else if (happened is ReadFailed failed)
        {
            // Whoever waits for it is answered, and the next message has it read anew.
            (unread, isPassing) = (failed.Reason, true);
        }
    }

    protected override void OnRead()
    {
        if (unread is null)
        {
            bet.Turned(wasOld: stream.Sequence > 0);
        }

        if (tray.HasWaiting)
        {
            DecideOnceItHasAKey();
        }
        else
        {
            StopIfAsked();
        }
    }

    protected override void OnReadFailure(Exception cause)
    {
        room.Options.Failures.Report("cluster recovery", cause);
        tray.AnswerWaiting(ticket => new StreamAnswer.NothingWritten(ticket));
    }

    protected override void OnCommand(object message)
    {
        switch (message)
        {
            case StreamMail mail:
                Take(mail);
                break;
            case KeyFetched fetched:
                TakeKey(fetched);
                break;
            case CountsAreDue:
                WriteCountsInTime();
                break;
            case Stop:
                StopWhenDone();
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    protected override void PreStart()
    {
        base.PreStart();
        room.Started();
    }

    protected override void PostStop()
    {
        counting?.Cancel();
        if (stream.Sequence > 0)
        {
            room.Bets.Know(key);
        }

        room.Ended();
        base.PostStop();
    }

    /// <summary>
    /// Whoever waits is answered before the actor ends: not known, or nothing written where the database says so. The
    /// shard is informed first, so that it keeps what is sent again for the actor that follows this one.
    /// </summary>
    protected override void OnWriteFailure(Exception cause)
    {
        if (!IsWriting)
        {
            return;
        }

        unwritten = 0;
        var isConflict = cause is StreamLostException;
        room.Failed(isConflict);
        if (isConflict)
        {
            room.Bets.Know(key);
            bet.Turned(wasOld: true);
        }

        Context.Parent.Tell(new Passivate(Stop.Instance));
        tray.AnswerDecided(decided => isConflict
            ? new StreamAnswer.NothingWritten(decided.Ticket, WasOvertaken: true)
            : new StreamAnswer.Unknown(decided.Ticket, SentenceOf(cause)));
        tray.AnswerWaiting(ticket => new StreamAnswer.NothingWritten(ticket));
    }

    private static string SentenceOf(Exception cause) => cause is JournalUnavailableException
        ? cause.Message
        : $"the journal failed: {cause.GetBaseException().Message}";

    private void Replay(JournalEvent happened, long sequence)
    {
        wasRead = true;
        try
        {
            var row = new JournalRow(
                happened.Position, PersistenceId, sequence, 0, happened.Manifest, happened.Message.ToArray());
            stream.Replay(row, room.Proof.Proves(row));
            positions.AddRead(row.Sequence, row.Position);
        }
        catch (InvalidDataException failure)
        {
            // It would be as unreadable after every restart; the actor stays and says so to whoever asks.
            room.Options.Failures.Report("cluster replay", failure);
            unread = "the stream could not be read; it may be sent again";
        }
    }

    private void Take(StreamMail mail)
    {
        tray.Add(Sender, mail);
        if (!IsReading)
        {
            DecideOnceItHasAKey();
        }
    }

    private void DecideOnceItHasAKey()
    {
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
        room.Keys.Fetch(key, Self);
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

        tray.AnswerWaiting(ticket => new StreamAnswer.Unknown(ticket, "the store was away; it may be sent again"));
        StopIfAsked();
    }

    private void DecideWaiting()
    {
        events.Clear();
        tray.Decide(Decide);
        if (events.Count > 0)
        {
            WriteEvents();
        }
        else if (bet.IsOpen)
        {
            ReadAfterAll();
        }
        else
        {
            Answer();
        }
    }

    /// <summary>
    /// No write would settle the bet, so that nothing that stands on it is answered: another actor reads the stream.
    /// </summary>
    private void ReadAfterAll()
    {
        room.Bets.Know(key);
        Context.Parent.Tell(new Passivate(Stop.Instance));
        tray.AnswerDecided(decided => new StreamAnswer.NothingWritten(decided.Ticket));
        StopIfAsked();
    }

    private void WriteEvents()
    {
        unwritten = events.Count;
        Write(events, hold);
    }

    private StreamAnswer Decide(StreamMail mail) => unread is { } reason
        ? new StreamAnswer.Unknown(mail.Ticket, reason)
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

    protected override void OnWritten(JournalEvent written)
    {
        positions.Add(written.Position);
        if (--unwritten > 0)
        {
            return;
        }

        bet.Turned(wasOld: false);
        Answer();
    }

    private void Answer()
    {
        tray.AnswerDecided(Placed);
        if (tray.HasWaiting)
        {
            DecideWaiting();
        }
        else if (stopping)
        {
            StopIfAsked();
        }
        else if ((stream.IsSettled && !wasRead) || isPassing || room.IsCrowded)
        {
            // Nothing more is expected of what is settled. What was read back has proved the contrary and stays until
            // it is idle, if there is room.
            Passivate();
        }

        WatchCounts();
    }

    private StreamAnswer Placed(StreamAnswer answer)
    {
        foreach (var receipt in (answer as StreamAnswer.Decided)?.Receipts ?? [])
        {
            positions.Place(receipt);
        }

        return answer;
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
        if (!stream.HasUnwrittenCounts || unread is not null || bet.IsOpen)
        {
            return false;
        }

        events.Clear();
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
        if (stopping && !IsReading && !IsWriting && !isFetchingKey && !WriteCounts())
        {
            Context.Stop(Self);
        }
    }

    private sealed class CountsAreDue
    {
        public static readonly CountsAreDue Instance = new();
    }
}
