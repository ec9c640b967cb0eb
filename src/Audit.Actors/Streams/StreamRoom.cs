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
