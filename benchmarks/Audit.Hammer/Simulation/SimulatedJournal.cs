namespace Audit.Hammer.Simulation;

/// <summary>A node's connection to the store: both ends go on for themselves, whatever becomes of the other.</summary>
internal sealed class Wire(World world, Machine machine, int node, Faults faults)
{
    public World World => world;

    public int Node => node;

    public Faults Faults => faults;

    public TimeProvider Clock => machine.Clock;

    /// <summary>Has the store do something, and brings the answer back.</summary>
    public Task<T> AskAsync<T>(string what, Fate fate, Func<T> act)
    {
        // What waits for it goes on where its machine says, never here.
        var answer = new TaskCompletionSource<T>();
        world.Step(what, node, (long)fate);
        world.After(faults.Way(), () =>
        {
            if (fate is Fate.BreaksBefore or Fate.Fails or Fate.DoneLate)
            {
                Reply(() => answer.SetException(Broken(fate)));
                if (fate == Fate.DoneLate)
                {
                    world.After(world.Chance.Milliseconds(0, 400), () => act());
                }

                return;
            }

            if (machine.IsDown && world.Chance.Percent(50))
            {
                // It ended before all of it was sent.
                return;
            }

            try
            {
                var result = act();
                Reply(() =>
                {
                    if (fate == Fate.BreaksAfter)
                    {
                        answer.SetException(Broken(fate));
                    }
                    else
                    {
                        answer.SetResult(result);
                    }
                });
            }
            catch (ArgumentException refusal)
            {
                Reply(() => answer.SetException(refusal));
            }
        });
        return answer.Task;

        void Reply(Action act) => world.After(faults.Way(), act);
    }

    private static Exception Broken(Fate fate) => fate == Fate.Fails
        ? new TimeoutException("The store failed in a way of its own.")
        : new JournalUnavailableException("The connection broke.");
}

/// <summary>The journal as one node has it.</summary>
internal sealed class SimulatedJournal : IJournal
{
    private readonly SimulatedStore store;
    private readonly Wire wire;
    private readonly CommitSignal signal;

    public SimulatedJournal(SimulatedStore store, Wire wire)
    {
        this.store = store;
        this.wire = wire;
        signal = new CommitSignal(LastPositionAsync, FailureLog.None, wire.Clock, TaskCreationOptions.None);
        signal.Advance(store.Last);
        store.Listen(wire.Node, signal);
    }

    /// <summary>As they are now, apart from their writer, whose they are again once it has an answer.</summary>
    public static RowToAppend[] Copied(IReadOnlyList<RowToAppend> rows)
    {
        var handles = new Dictionary<StreamHandle, StreamHandle>();
        return [.. rows.Where(row => !row.Stream.Lost).Select(row => row with
        {
            Stream = handles.TryGetValue(row.Stream, out var copy) ? copy
                : handles[row.Stream] = new StreamHandle(row.Stream.Key),
            Message = row.Message.ToArray(),
        })];
    }

    public async Task AppendAsync(
        IReadOnlyList<RowToAppend> rows, Memory<long> positions, CancellationToken cancellation)
    {
        var fate = wire.Faults.OfAppend();
        var lose = fate == Fate.PretendsConflict ? 60 : 0;
        // What is written late was sent before; the rows belong to their writer again by then.
        var late = fate == Fate.DoneLate ? Copied(rows) : null;
        var last = await wire.AskAsync("append", fate, () =>
        {
            store.Commit(wire.Node, late ?? rows, late is null ? positions.Span : new long[late.Length], lose);
            return store.Last;
        });
        signal.Advance(last);
    }

    public Task<IReadOnlyList<IReadOnlyList<JournalRow>>> ReadStreamsAsync(
        IReadOnlyList<StreamKey> streams, CancellationToken cancellation) =>
        wire.AskAsync<IReadOnlyList<IReadOnlyList<JournalRow>>>(
            "read", wire.Faults.OfRead(), () => [.. streams.Select(stream => store.Stream(stream.ToString()))]);

    public Task<IReadOnlyList<JournalRow>> ReadStreamAsync(
        StreamKey stream, long afterSequence, int limit, CancellationToken cancellation) =>
        wire.AskAsync<IReadOnlyList<JournalRow>>("read", wire.Faults.OfRead(), () =>
            [.. store.Stream(stream.ToString()).Where(row => row.Sequence > afterSequence).Take(limit)]);

    public Task<long[]> ReadPositionsAsync(IReadOnlyList<StreamPlace> places, CancellationToken cancellation) =>
        throw new NotSupportedException("The engine of a simulation does not ask that.");

    public Task<IReadOnlyList<JournalRow>> ReadAfterAsync(
        long position, int limit, long byteLimit, CancellationToken cancellation) =>
        wire.AskAsync<IReadOnlyList<JournalRow>>("read after", wire.Faults.OfRead(), () =>
            [.. store.Rows.SkipWhile(row => row.Position <= position).Take(limit)]);

    public Task<IReadOnlyList<JournalRow>> ReadBeforeAsync(
        long position, int limit, long byteLimit, CancellationToken cancellation) =>
        throw new NotSupportedException("The engine of a simulation does not ask that.");

    public Task<JournalRow?> ReadRowAsync(long position, CancellationToken cancellation) =>
        wire.AskAsync("read", wire.Faults.OfRead(), () => store.Find(position));

    public Task<bool> IsCutAsync(long position, CancellationToken cancellation) => Task.FromResult(false);

    public Task<long> LastPositionAsync(CancellationToken cancellation) =>
        wire.AskAsync("read last", wire.Faults.OfRead() == Fate.Fine ? Fate.Fine : Fate.BreaksBefore, () => store.Last);

    public Task TryCommitAsync(CancellationToken cancellation) => Task.CompletedTask;

    public Task<long> WaitForMoreAsync(long position, CancellationToken cancellation) =>
        signal.WaitAsync(position, cancellation);

    public ValueTask DisposeAsync()
    {
        store.Forget(signal);
        return default;
    }
}
