using System.Runtime.InteropServices;
using Akka.Actor;
using Akka.Persistence;

namespace Audit.Actors.Journal;

/// <summary>
/// A persistent actor, which speaks Akka.Persistence's journal protocol by itself. The base class that comes with it
/// wants for each actor a permit, a snapshot that nobody makes, two timers, stashes and half a dozen messages before
/// the first event; where streams are as short as a tool call's, that was a sixth of their CPU and a quarter of their
/// bytes.
/// </summary>
internal abstract class JournaledActor : UntypedActor
{
    private static int instances;

    private readonly JournalDoor door = JournalDoor.Of(Context.System);
    private readonly int instance = Interlocked.Increment(ref instances);
    private ReadPermit? permit;
    private ICancelable? impatience;
    private bool wasHeard;
    private long last;

    public abstract string PersistenceId { get; }

    /// <summary>Nothing is decided until the stream is read.</summary>
    protected bool IsReading => permit is not null;

    /// <summary>The stream is taken for new and not read: the fence of the journal settles whether it is.</summary>
    protected abstract bool IsTakenForNew { get; }

    protected override void PreStart()
    {
        base.PreStart();
        if (IsTakenForNew)
        {
            return;
        }

        permit = new ReadPermit(Self);
        if (door.Enter(permit))
        {
            Read();
        }
    }

    protected override void PostStop()
    {
        EndReading();
        base.PostStop();
    }

    protected sealed override void OnReceive(object message)
    {
        switch (message)
        {
            case WriteMessageSuccess written:
                if (written.ActorInstanceId == instance)
                {
                    OnWritten((JournalEvent)written.Persistent.Payload);
                }

                break;
            case WriteMessagesSuccessful or WriteMessagesFailed:
                // Each event of the write is told by itself.
                break;
            case WriteMessageFailure failed:
                Fail(failed.ActorInstanceId, failed.Cause);
                break;
            case WriteMessageRejected rejected:
                Fail(rejected.ActorInstanceId, rejected.Cause);
                break;
            case ReplayedMessage or RecoverySuccess or ReplayMessagesFailure or MayRead or StillNothing:
                TakeRead(message);
                break;
            default:
                OnCommand(message);
                break;
        }
    }

    protected abstract void OnCommand(object message);

    /// <summary>What the journal has of the stream, one after the other.</summary>
    protected abstract void OnReplayed(object happened, long sequence);

    protected abstract void OnRead();

    /// <summary>The stream could not be read; the actor ends afterwards.</summary>
    protected abstract void OnReadFailure(Exception cause);

    protected abstract void OnWritten(JournalEvent written);

    /// <summary>The actor ends afterwards: its numbers are used up, and what lies under them is not known.</summary>
    protected abstract void OnWriteFailure(Exception cause);

    /// <summary>Events that are written together or not at all.</summary>
    protected void Write(List<EncodedEvent> events, StreamHandle stream)
    {
        var lot = new IPersistentRepresentation[events.Count];
        for (var index = 0; index < lot.Length; index++)
        {
            var happened = new JournalEvent(events[index].Manifest, events[index].Message) { Stream = stream };
            lot[index] = new Persistent(happened, ++last, PersistenceId, writerGuid: door.WriterId);
        }

        var whole = new AtomicWrite(ImmutableCollectionsMarshal.AsImmutableArray(lot));
        door.Plugin.Tell(new WriteMessages([whole], Self, instance), Self);
    }

    private void Fail(int writer, Exception cause)
    {
        if (writer != instance)
        {
            return;
        }

        try
        {
            OnWriteFailure(cause);
        }
        finally
        {
            Context.Stop(Self);
        }
    }

    private void Read()
    {
        impatience = Context.System.Scheduler.ScheduleTellRepeatedlyCancelable(
            door.Patience, door.Patience, Self, StillNothing.Instance, Self);
        door.Plugin.Tell(new ReplayMessages(1, long.MaxValue, long.MaxValue, PersistenceId, Self), Self);
    }

    private void TakeRead(object message)
    {
        if (!IsReading)
        {
            return;
        }

        try
        {
            switch (message)
            {
                case MayRead:
                    Read();
                    break;
                case ReplayedMessage { Persistent: var each }:
                    wasHeard = true;
                    last = Math.Max(last, each.SequenceNr);
                    OnReplayed(each.Payload, each.SequenceNr);
                    break;
                case RecoverySuccess read:
                    last = Math.Max(last, read.HighestSequenceNr);
                    EndReading();
                    OnRead();
                    break;
                case ReplayMessagesFailure failed:
                    GiveUp(failed.Cause);
                    break;
                case StillNothing when !wasHeard:
                    GiveUp(new TimeoutException(
                        $"the journal sent nothing of the stream for {door.Patience.TotalSeconds:0.#} s"));
                    break;
                case StillNothing:
                    wasHeard = false;
                    break;
            }
        }
        catch (Exception fault) when (IsReading)
        {
            // What an event does to the stream it would do after every restart.
            GiveUp(fault);
        }
    }

    private void GiveUp(Exception cause)
    {
        EndReading();
        OnReadFailure(cause);
        Context.Stop(Self);
    }

    private void EndReading()
    {
        impatience?.Cancel();
        if (permit is { } held)
        {
            permit = null;
            door.Leave(held);
        }
    }

    private sealed class StillNothing
    {
        public static readonly StillNothing Instance = new();
    }
}
