using Akka.Actor;
using Akka.Configuration;
using Akka.Persistence;
using Audit.Engine.Committing;

namespace Audit.Actors.Journal;

/// <summary>
/// The journal plugin of the cluster engine: speaks Akka.Persistence's protocol and writes as the local engine does.
/// What many actors have waiting becomes one transaction, what many want to read back one query; positions come with
/// both.
/// </summary>
/// <remarks>
/// There are no event adapters, tags or deletions.
/// </remarks>
internal sealed class CommitJournal : UntypedActor
{
    public const string Id = "akka.persistence.journal.audit";

    /// <summary>One is written while the next gathers what comes; two would only be two smaller commits.</summary>
    private const int MaxGroupsInFlight = 1;

    private const int MaxReadsAtOnce = 1_000;

    private readonly JournalSetup setup;
    private readonly int maxWaiting;
    private readonly RowSink rows = new();
    private readonly HashSet<JournalGroup> inFlight = [];
    private readonly Stack<JournalGroup> free = new();
    private readonly Queue<ReplayMessages> toRead = new();
    private ReplayMessages[] reading = [];
    private Committer committer;
    private JournalGroup open;
    private int waiting;

    public CommitJournal(Config config)
    {
        setup = JournalSetup.Of(Context.System);
        maxWaiting = config.GetInt("max-waiting");
        open = new JournalGroup(Self);
        committer = Run();
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case WriteMessages write:
                Take(write);
                break;
            case JournalGroup group:
                Settle(group);
                break;
            case ReplayMessages replay:
                Take(replay);
                break;
            case WasRead read:
                Take(read);
                break;
            case LoopEnded ended:
                BeginAnew(ended);
                break;
            case DeleteMessagesTo delete:
                var refusal = new NotSupportedException("The journal keeps everything.");
                delete.PersistentActor.Tell(new DeleteMessagesFailure(refusal, delete.ToSequenceNr));
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    protected override void PreRestart(Exception reason, object message)
    {
        if (message is WriteMessages write)
        {
            JournalGroup.Fail(write, reason);
        }

        foreach (var replay in toRead.Concat(reading))
        {
            replay.PersistentActor.Tell(new ReplayMessagesFailure(reason));
        }

        base.PreRestart(reason, message);
    }

    /// <summary>What was taken is written to its end, whoever is left to be answered.</summary>
    protected override void PostStop()
    {
        if (open.Writes.Count > 0)
        {
            committer.Enqueue(open);
        }

        committer.Complete();
        base.PostStop();
    }

    private void Take(WriteMessages write)
    {
        if (waiting >= maxWaiting)
        {
            JournalGroup.Fail(write, new JournalUnavailableException(
                $"{waiting} writes wait for the journal on this node, and no more may; it may be sent again"));
            return;
        }

        if (open.Writes.Count == 0)
        {
            rows.Begin(open.Rows, DateTimeOffset.UtcNow);
        }

        if (!open.TryAdd(write, rows))
        {
            JournalGroup.Fail(write, new NotSupportedException("The journal takes events of Audit.Actors alone."));
            return;
        }

        waiting++;
        if (open.Rows.Count >= setup.Options.MaxRowsPerCommit || inFlight.Count < MaxGroupsInFlight)
        {
            SendOpen();
        }
    }

    private void SendOpen()
    {
        var full = open;
        open = free.TryPop(out var emptied) ? emptied : new JournalGroup(Self);
        inFlight.Add(full);
        committer.Enqueue(full);
    }

    private void Settle(JournalGroup group)
    {
        inFlight.Remove(group);
        waiting -= Math.Min(waiting, group.Writes.Count);
        if (group.Failure is null)
        {
            group.Answer();
            group.Empty();
            free.Push(group);
        }
        else
        {
            // Nobody knows who still reads its rows, so that it is not used again.
            group.Answer();
        }

        if (open.Writes.Count > 0 && inFlight.Count < MaxGroupsInFlight)
        {
            SendOpen();
        }
    }

    private void Take(ReplayMessages replay)
    {
        toRead.Enqueue(replay);
        ReadWaiting();
    }

    private void ReadWaiting()
    {
        if (reading.Length > 0 || toRead.Count == 0)
        {
            return;
        }

        reading = new ReplayMessages[Math.Min(toRead.Count, MaxReadsAtOnce)];
        for (var index = 0; index < reading.Length; index++)
        {
            reading[index] = toRead.Dequeue();
        }

        ReadAsync(reading).PipeTo(Self);
    }

    private async Task<WasRead> ReadAsync(ReplayMessages[] lot)
    {
        try
        {
            var keys = Array.ConvertAll(lot, replay => new StreamKey(replay.PersistenceId));
            return new WasRead(lot, await setup.Journal.ReadStreamsAsync(keys, CancellationToken.None), null);
        }
        catch (Exception failure)
        {
            // However the read failed, these actors answer whoever waits for them so, and end.
            setup.Options.Failures.Report("cluster read", failure);
            return new WasRead(lot, [], failure);
        }
    }

    private void Take(WasRead read)
    {
        for (var index = 0; index < read.Lot.Length; index++)
        {
            if (read.Failure is { } failure)
            {
                Refuse(read.Lot[index], failure);
            }
            else
            {
                Answer(read.Lot[index], read.Streams[index]);
            }
        }

        reading = ReferenceEquals(reading, read.Lot) ? [] : reading;
        ReadWaiting();
    }

    /// <summary>
    /// A recovery that fails would end the actor without a word to whoever waits for it; so it is given the failure as
    /// what it recovers.
    /// </summary>
    private static void Refuse(ReplayMessages replay, Exception failure)
    {
        var failed = new ReadFailed(failure is JournalUnavailableException
            ? failure.Message
            : $"the journal could not be read: {failure.GetBaseException().Message}");
        replay.PersistentActor.Tell(
            new ReplayedMessage(new Persistent(failed, 0, replay.PersistenceId)), ActorRefs.NoSender);
        replay.PersistentActor.Tell(new RecoverySuccess(0), ActorRefs.NoSender);
    }

    private static void Answer(ReplayMessages replay, IReadOnlyList<JournalRow> stream)
    {
        var left = replay.Max;
        foreach (var row in stream)
        {
            // A number that no node gives is for the actor to find.
            var isAsked = row.Sequence < 1
                || (row.Sequence >= replay.FromSequenceNr && row.Sequence <= replay.ToSequenceNr);
            if (isAsked && left-- > 0)
            {
                var happened = new JournalEvent(row.Manifest, row.Message) { Position = row.Position };
                replay.PersistentActor.Tell(
                    new ReplayedMessage(new Persistent(happened, row.Sequence, row.PersistenceId)), ActorRefs.NoSender);
            }
        }

        var highest = stream.Count == 0 ? 0 : stream[^1].Sequence;
        replay.PersistentActor.Tell(new RecoverySuccess(highest), ActorRefs.NoSender);
    }

    private Committer Run()
    {
        var begun = new Committer(setup.Journal, setup.Options);
        var self = Self;
        var loop = Task.Run(begun.RunAsync).ContinueWith(
            ended =>
            {
                if (ended.Exception is { } fault)
                {
                    self.Tell(new LoopEnded(begun, fault.GetBaseException()));
                }
            },
            TaskScheduler.Default);
        setup.Writing = Task.WhenAll(setup.Writing, loop);
        setup.Follow(begun);
        return begun;
    }

    /// <summary>
    /// A loop that ended by a fault of this program would leave its writers waiting for ever: what it held is answered
    /// as not known, and another goes on.
    /// </summary>
    private void BeginAnew(LoopEnded ended)
    {
        setup.Options.Failures.Report("cluster commit loop", ended.Fault);
        if (!ReferenceEquals(ended.Committer, committer))
        {
            return;
        }

        committer = Run();
        foreach (var group in inFlight.ToArray())
        {
            group.Failure = $"the journal's writer ended by a fault: {ended.Fault.Message}";
            Settle(group);
        }
    }

    private sealed record WasRead(
        ReplayMessages[] Lot, IReadOnlyList<IReadOnlyList<JournalRow>> Streams, Exception? Failure);

    private sealed record LoopEnded(Committer Committer, Exception Fault);
}

/// <summary>The writes of many actors that go into the journal together.</summary>
internal sealed class JournalGroup(IActorRef journal) : CommitGroup
{
    /// <summary>One for each row.</summary>
    private readonly List<IPersistentRepresentation> events = [];

    /// <summary>Each with how many rows are its own.</summary>
    public List<(WriteMessages Write, StreamHandle Stream, int Count)> Writes { get; } = [];

    /// <returns>False where something else than events of a stream is to be written; then nothing was added.</returns>
    public bool TryAdd(WriteMessages write, RowSink rows)
    {
        StreamHandle? stream = null;
        var encoded = rows.Begin();
        var before = events.Count;
        foreach (var each in EventsOf(write))
        {
            if (each.Payload is not JournalEvent { Stream: { } held } happened)
            {
                events.RemoveRange(before, events.Count - before);
                return false;
            }

            stream ??= held;
            events.Add(each);
            encoded.Add(new EncodedEvent(happened.Manifest, happened.Message));
        }

        if (stream is null)
        {
            return false;
        }

        rows.Add(stream, events[before].SequenceNr - 1);
        Writes.Add((write, stream, encoded.Count));
        return true;
    }

    public override void Settle() => journal.Tell(this);

    public override void Empty()
    {
        base.Empty();
        events.Clear();
        Writes.Clear();
    }

    /// <summary>Every write gets its answer, whole or not at all.</summary>
    public void Answer()
    {
        var at = 0;
        foreach (var (write, stream, count) in Writes)
        {
            if (Failure is { } failure)
            {
                Fail(write, new JournalUnavailableException(failure));
            }
            else if (stream.Lost)
            {
                Fail(write, new StreamLostException());
            }
            else
            {
                write.PersistentActor.Tell(WriteMessagesSuccessful.Instance);
                for (var index = at; index < at + count; index++)
                {
                    var written = events[index];
                    ((JournalEvent)written.Payload).Position = Positions[index];
                    write.PersistentActor.Tell(
                        new WriteMessageSuccess(written, write.ActorInstanceId), written.Sender);
                }
            }

            at += count;
        }
    }

    public static void Fail(WriteMessages write, Exception cause)
    {
        write.PersistentActor.Tell(new WriteMessagesFailed(cause, write.Messages.Count()));
        foreach (var each in EventsOf(write))
        {
            write.PersistentActor.Tell(new WriteMessageFailure(each, cause, write.ActorInstanceId), each.Sender);
        }
    }

    private static IEnumerable<IPersistentRepresentation> EventsOf(WriteMessages write)
    {
        foreach (var envelope in write.Messages)
        {
            if (envelope is AtomicWrite { Payload: IEnumerable<IPersistentRepresentation> events })
            {
                foreach (var each in events)
                {
                    yield return each;
                }
            }
        }
    }
}
