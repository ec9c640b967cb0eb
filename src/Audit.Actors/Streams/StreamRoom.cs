using Akka.Actor;

namespace Audit.Actors.Streams;

/// <summary>What the actors of one node share: how they decide, and what they count.</summary>
internal sealed class StreamRoom(BookSeal seal, EngineOptions options, bool betsOnNew = false) : IDisposable
{
    /// <summary>What an actor weighs against the bound of memory, in events.</summary>
    private const int WeightOfAnActor = 4;

    private readonly ThreadLocal<EventWriter> writers = new(() => new EventWriter(seal.Proof), trackAllValues: true);
    private long live;
    private long conflicts;
    private long failures;

    public PayloadKeys Payloads { get; } = seal.Payloads;

    public KeyFetching Keys { get; } = new(seal.Payloads);

    public NewStreamBets Bets { get; } = new(options.MaxKnownStreams, betsOnNew);

    public EventProof Proof { get; } = seal.Proof;

    public EngineOptions Options { get; } = options;

    /// <summary>An actor decides without pause, so that a writer for each thread is enough.</summary>
    public EventWriter Writer => writers.Value!;

    /// <summary>
    /// More actors live here than may: whoever has answered makes room, and does not wait until it is idle.
    /// </summary>
    public bool IsCrowded => Live > Options.MaxLiveEvents / WeightOfAnActor;

    public long Live => Interlocked.Read(ref live);

    public long Conflicts => Interlocked.Read(ref conflicts);

    public long Failures => Interlocked.Read(ref failures);

    public void Started() => Interlocked.Increment(ref live);

    public void Ended() => Interlocked.Decrement(ref live);

    public void Failed(bool isConflict) => Interlocked.Increment(ref isConflict ? ref conflicts : ref failures);

    public void Dispose()
    {
        foreach (var writer in writers.Values)
        {
            writer.Dispose();
        }

        writers.Dispose();
    }
}

/// <summary>Fetches the keys of payloads: one transaction for all actors that wait for theirs.</summary>
internal sealed class KeyFetching(PayloadKeys payloads)
{
    /// <summary>Akka.Persistence.Sql's writes may keep a SQLite file from everybody else for seconds.</summary>
    private const int MostTries = 5;

    private readonly Lock gate = new();
    private List<(StreamKey Stream, IActorRef Actor)> waiting = [];
    private bool isFetching;

    /// <summary>The actor is sent a <see cref="KeyFetched"/>, whatever becomes of it.</summary>
    public void Fetch(StreamKey stream, IActorRef actor)
    {
        lock (gate)
        {
            waiting.Add((stream, actor));
            if (isFetching)
            {
                return;
            }

            isFetching = true;
        }

        _ = Task.Run(FetchWaitingAsync);
    }

    private async Task FetchWaitingAsync()
    {
        while (Take() is { Count: > 0 } lot)
        {
            var failure = await FetchAsync(lot.Select(one => one.Stream));
            for (var tries = 1; IsLocked(failure) && tries < MostTries; tries++)
            {
                failure = await FetchAsync(lot.Select(one => one.Stream));
            }

            foreach (var (_, actor) in lot)
            {
                actor.Tell(new KeyFetched(failure), ActorRefs.NoSender);
            }
        }
    }

    private static bool IsLocked(Exception? failure) =>
        failure is JournalUnavailableException { Trouble: JournalTrouble.Locked };

    private async Task<Exception?> FetchAsync(IEnumerable<StreamKey> streams)
    {
        try
        {
            await payloads.EnsureAsync(streams, CancellationToken.None);
            return null;
        }
        catch (Exception failure)
        {
            // However it failed, each actor reports it and answers its mail as not known.
            return failure;
        }
    }

    private List<(StreamKey Stream, IActorRef Actor)> Take()
    {
        lock (gate)
        {
            var lot = waiting;
            isFetching = lot.Count > 0;
            waiting = [];
            return lot;
        }
    }
}

internal sealed record KeyFetched(Exception? Failure);

/// <summary>The actor of one tool call.</summary>
internal sealed class ToolCallActor(string persistenceId, StreamRoom room)
    : StreamActor(persistenceId, room, new CallStream(), mayBeNew: true);

/// <summary>The actor of one session's notes.</summary>
internal sealed class SessionActor(string persistenceId, StreamRoom room)
    : StreamActor(persistenceId, room, new SessionStream());

/// <summary>The actor of one task window.</summary>
internal sealed class TaskWindowActor(string persistenceId, StreamRoom room)
    : StreamActor(persistenceId, room, new WindowStream());

/// <summary>The actor of one day of the node's own acts.</summary>
internal sealed class OperatorActor(string persistenceId, StreamRoom room)
    : StreamActor(persistenceId, room, new OperatorStream());
