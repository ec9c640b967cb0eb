using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Audit.Projections.Queries;

/// <summary>
/// What of the book a reader may see. It is part of every question, so that no page, cursor, count or suggestion shows
/// what lies outside of it. A call belongs to the agent and the task that it names, with all of its messages but
/// those that name another agent, and to the source that reported it.
/// </summary>
/// <param name="Agents">Only what is of one of these; none for all agents.</param>
/// <param name="Tasks">Only what belongs to one of these; none for all tasks.</param>
/// <param name="Sources">Only what one of these reported; none for all sources.</param>
/// <param name="Veil">What stands between the reader and positions of the journal; null where they are shown.</param>
public sealed record ReadScope(
    IReadOnlyList<string> Agents, IReadOnlyList<string> Tasks, IReadOnlyList<string> Sources,
    PositionVeil? Veil = null)
{
    public static readonly ReadScope All = new([], [], []);

    public bool IsAll => Agents.Count == 0 && Tasks.Count == 0 && Sources.Count == 0;

    /// <summary>Receives everything that is given to the reader; null where nobody asks.</summary>
    public ReadTrace? Trace { get; init; }

    public bool Sees(string? agent, string? task, string? source) =>
        SeesAgent(agent) && IsOneOf(Tasks, task) && IsOneOf(Sources, source);

    public bool Sees(CallModel call) => Sees(call.Agent, call.Task, call.Source);

    public bool Sees(WindowModel window) => Sees(window.Agent, window.Task, window.Source);

    public bool SeesAgent(string? agent) => IsOneOf(Agents, agent);

    /// <summary>A position as the reader sees it.</summary>
    public long Hide(long position) => Veil?.Hide(position) ?? position;

    /// <summary>The position that a reader means; null where the number means none.</summary>
    public long? Show(long shown) => Veil is null ? shown : Veil.Show(shown);

    public string WriteCursor(params long[] place) =>
        PageCursor.Write(place) is var plain && Veil is null ? plain : Veil!.Seal(plain);

    /// <returns>Null where it is none of such a list.</returns>
    public long[]? TryReadCursor(string cursor, int parts) =>
        Veil is null ? PageCursor.TryRead(cursor, parts)
        : Veil.Open(cursor) is { } plain ? PageCursor.TryRead(plain, parts)
        : null;

    /// <exception cref="CursorException">It is none of such a list.</exception>
    internal long[] ReadCursor(string? cursor, int parts, params long[] start) =>
        cursor is null ? start : TryReadCursor(cursor, parts) ?? throw new CursorException(cursor);

    /// <summary>The conditions on the columns of a table that has all of them.</summary>
    /// <param name="table">With a dot behind it, where a statement reads several.</param>
    internal IEnumerable<(string Sql, object Value)> Conditions(string table = "")
    {
        if (Agents.Count > 0)
        {
            yield return (table + "agent IN ({0})", Agents);
        }

        if (Tasks.Count > 0)
        {
            yield return (table + "task_id IN ({0})", Tasks);
        }

        if (Sources.Count > 0)
        {
            yield return (table + "source IN ({0})", Sources);
        }
    }

    internal CallModel Of(CallModel call)
    {
        Trace?.Add(call.Id, call.LastPosition);
        return Veil is null ? call : call with { Id = Hide(call.Id), LastPosition = Hide(call.LastPosition) };
    }

    internal TransitionModel Of(TransitionModel message)
    {
        Trace?.Add(message.Position);
        return Veil is null ? message : message with { Call = Hide(message.Call), Position = Hide(message.Position) };
    }

    internal SessionModel Of(SessionModel session)
    {
        Trace?.Add(session.Id, session.LastPosition);
        return Veil is null
            ? session : session with { Id = Hide(session.Id), LastPosition = Hide(session.LastPosition) };
    }

    internal TaskModel Of(TaskModel task)
    {
        Trace?.Add(task.Id, task.LastPosition);
        return Veil is null ? task : task with { Id = Hide(task.Id), LastPosition = Hide(task.LastPosition) };
    }

    internal WindowModel Of(WindowModel window)
    {
        Trace?.Add(window.Id, window.LastPosition);
        return Veil is null ? window : window with
        {
            Id = Hide(window.Id), LastPosition = Hide(window.LastPosition),
            Acts = [.. window.Acts.Select(act => act with { Position = Hide(act.Position) })],
        };
    }

    internal ViolationModel Of(ViolationModel violation)
    {
        Trace?.Add(violation.Position);
        return Veil is null ? violation : violation with
        {
            Position = Hide(violation.Position),
            LiftedBy = violation.LiftedBy is { } by ? Hide(by) : null,
        };
    }

    internal Page<T> Of<T>(Page<T> page, Func<T, T> of) =>
        Veil is null && Trace is null ? page : page with { Items = [.. page.Items.Select(of)] };

    private static bool IsOneOf(IReadOnlyList<string> bound, string? name) =>
        bound.Count == 0 || (name is not null && bound.Contains(name));
}

/// <summary>A statement that grows by conditions, each with the numbers of its parameters.</summary>
internal sealed class SqlConditions(params object[] values)
{
    private readonly List<object> all = [.. values];
    private readonly StringBuilder sql = new();

    public IReadOnlyList<object> Values => all;

    /// <summary>Each with an AND before it.</summary>
    public string Sql => sql.ToString();

    public SqlConditions And(IEnumerable<(string Sql, object Value)> conditions)
    {
        foreach (var (condition, value) in conditions)
        {
            sql.Append(" AND ").Append(condition.Replace("{0}", Add(value as IEnumerable<object> ?? [value])));
        }

        return this;
    }

    /// <summary>The numbers of parameters, as the statement names them.</summary>
    public string Add(IEnumerable<object> parameters)
    {
        var numbers = new List<string>();
        foreach (var one in parameters)
        {
            all.Add(one);
            numbers.Add($"${all.Count}");
        }

        return string.Join(", ", numbers);
    }
}

/// <summary>
/// What one request was answered: how many things, between which positions, and a hash over the positions of all of
/// them in the order in which they were read. Whoever has the book can check by it what was seen.
/// </summary>
public sealed class ReadTrace : IDisposable
{
    private readonly Lock gate = new();
    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long count;
    private long first;
    private long last;

    /// <param name="position">Of its first event, or of the event itself.</param>
    /// <param name="through">Of its last event.</param>
    public void Add(long position, long through = 0)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(bytes, position);
        lock (gate)
        {
            hash.AppendData(bytes);
            first = count == 0 ? position : Math.Min(first, position);
            last = Math.Max(last, Math.Max(position, through));
            count++;
        }
    }

    public ReadTraceState State()
    {
        lock (gate)
        {
            return new ReadTraceState(
                count, first, last, count == 0 ? "" : Convert.ToHexStringLower(hash.GetCurrentHash()));
        }
    }

    public void Dispose() => hash.Dispose();
}

/// <param name="Hash">SHA-256, in hexadecimal; empty where nothing was read.</param>
public readonly record struct ReadTraceState(long Count, long First, long Last, string Hash);
