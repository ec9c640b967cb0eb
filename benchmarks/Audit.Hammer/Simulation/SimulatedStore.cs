namespace Audit.Hammer.Simulation;

/// <summary>The store that all nodes share: rows in the order of commits, and the keys of payloads.</summary>
internal sealed class SimulatedStore(World world)
{
    private readonly Dictionary<string, List<JournalRow>> streams = new(StringComparer.Ordinal);
    private readonly Dictionary<long, JournalRow> byPosition = [];
    private readonly List<(int Node, CommitSignal Signal)> listeners = [];

    public List<JournalRow> Rows { get; } = [];

    /// <summary>By owner, the id of the key that wraps it and the wrapped key.</summary>
    public Dictionary<string, (string Id, byte[] Wrapped)> Keys { get; } = new(StringComparer.Ordinal);

    /// <summary>Rows that are being written; nobody may see them.</summary>
    public List<JournalRow> Uncommitted { get; } = [];

    /// <summary>Without it a stream is written wherever it stands: a planted defect.</summary>
    public bool IsFenced { get; init; } = true;

    public long Last => Rows.Count == 0 ? 0 : Rows[^1].Position;

    public JournalRow? Find(long position) => byPosition.GetValueOrDefault(position);

    public IReadOnlyList<JournalRow> Stream(string name) =>
        streams.TryGetValue(name, out var rows) ? [.. rows] : [];

    public void Listen(int node, CommitSignal signal) => listeners.Add((node, signal));

    public void Forget(CommitSignal signal) => listeners.RemoveAll(one => one.Signal == signal);

    /// <summary>One transaction under the journal's lock.</summary>
    /// <param name="lose">Of so many hundred streams that could be written one is reported lost all the same.</param>
    public void Commit(int node, IReadOnlyList<RowToAppend> rows, Span<long> positions, int lose = 0)
    {
        var plan = new AppendPlan();
        plan.Make(rows);
        positions.Clear();
        foreach (ref var stream in plan.Streams)
        {
            var stands = streams.GetValueOrDefault(stream.Handle.Key.ToString())?[^1].Sequence ?? 0;
            stream.Refused = (IsFenced && stands != stream.Expected) || (lose > 0 && world.Chance.Percent(lose));
            if (stream.Refused)
            {
                stream.Handle.Lose();
            }
        }

        // A transaction that was rolled back takes its positions along.
        var position = Last + (world.Chance.Percent(10) ? world.Chance.Below(4) : 0);
        var before = Rows.Count;
        for (var index = 0; index < rows.Count; index++)
        {
            if (plan.StreamOf(index) is var of && of >= 0 && !plan.Streams[of].Refused)
            {
                positions[index] = ++position;
                Write(Stored(rows[index], position));
            }
        }

        world.Step("commit", node, rows.Count, Rows.Count - before);
        Announce(node, Last);
    }

    public static JournalRow Stored(in RowToAppend row, long position) => new(
        position, row.Stream.Key.ToString(), row.Sequence, row.CreatedTicks, row.Manifest, row.Message.ToArray());

    private void Write(JournalRow row)
    {
        Rows.Add(row);
        byPosition.Add(row.Position, row);
        if (!streams.TryGetValue(row.PersistenceId, out var stream))
        {
            streams.Add(row.PersistenceId, stream = []);
        }

        stream.Add(row);
    }

    // What another node wrote is announced a while later, or never.
    private void Announce(int writer, long position)
    {
        foreach (var (node, signal) in listeners)
        {
            if (node != writer && !world.Chance.Percent(10))
            {
                world.After(world.Chance.Milliseconds(0, 20), () => signal.Advance(position));
            }
        }
    }
}

/// <summary>The table of keys over one node's connection.</summary>
internal sealed class SimulatedKeys(SimulatedStore store, Wire wire) : IStoreDatabase, IStoreSession
{
    public Task<T> ReadAsync<T>(Func<IStoreSession, Task<T>> read, CancellationToken cancellation) =>
        wire.AskAsync("keys read", wire.Faults.OfRead(), () => read(this).GetAwaiter().GetResult());

    public Task<T> ChangeAsync<T>(Func<IStoreSession, Task<T>> change, CancellationToken cancellation) =>
        wire.AskAsync("keys change", wire.Faults.OfChange(), () => change(this).GetAwaiter().GetResult());

    public Task<List<T>> QueryAsync<T>(
        string sql, IReadOnlyList<object?> values, Func<IStoredRow, T> read, CancellationToken cancellation) =>
        Task.FromResult(values.OfType<string>().Distinct().Where(store.Keys.ContainsKey)
            .Select(owner => read(new KeyRow(owner, store.Keys[owner].Id, store.Keys[owner].Wrapped))).ToList());

    public Task ExecuteAllAsync(
        string sql, IEnumerable<IReadOnlyList<object?>> values, CancellationToken cancellation)
    {
        foreach (var row in values)
        {
            store.Keys.TryAdd((string)row[0]!, ((string)row[1]!, (byte[])row[2]!));
        }

        return Task.CompletedTask;
    }

    public Task<int> ExecuteAsync(string sql, IReadOnlyList<object?> values, CancellationToken cancellation) =>
        throw new NotSupportedException(sql);

    public Task RunScriptAsync(string sql, CancellationToken cancellation) => throw new NotSupportedException(sql);

    private sealed record KeyRow(string Owner, string Id, byte[] Wrapped) : IStoredRow
    {
        public bool IsNull(int column) => false;

        public long Number(int column) => throw new NotSupportedException();

        public bool Flag(int column) => throw new NotSupportedException();

        public string Text(int column) => column == 0 ? Owner : Id;

        public byte[] Blob(int column) => Wrapped;

        public ReadOnlySpan<byte> Bytes(int column) => Wrapped;
    }
}
