using System.Text.Encodings.Web;

namespace Audit.Projections.Stores;

/// <summary>A batch made ready to be written, while the one before it may still be being written.</summary>
internal sealed class BatchRows
{
    private readonly Utf8JsonWriter json = new(new ArrayBufferWriter<byte>(), new JsonWriterOptions
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    });
    private readonly TableRows<SessionModel> sessions = new(ReadTables.Sessions);
    private readonly TableRows<CallModel> calls = new(ReadTables.Calls);
    private readonly TableRows<TransitionModel> transitions = new(ReadTables.Transitions);
    private readonly TableRows<TaskModel> tasks = new(ReadTables.Tasks);
    private readonly TableRows<WindowModel> windows = new(ReadTables.Windows);
    private readonly TableRows<ViolationModel> violations = new(ReadTables.Violations);
    private readonly TableRows<HourModel> hours = new(ReadTables.Hours);
    private readonly TableRows<CopyModel> copies = new(ReadTables.Copies);
    private readonly TableRows<PauseModel> pauses = new(ReadTables.Pauses);

    /// <summary>What it was made of.</summary>
    public ReadBatch Batch { get; private set; } = null!;

    /// <summary>What is to be written of each table.</summary>
    public IReadOnlyList<ITableRows> Tables =>
        [sessions, calls, transitions, tasks, windows, violations, hours, copies, pauses];

    public BatchRows Fill(ReadBatch batch)
    {
        Batch = batch;
        var known = batch.From.Position;
        sessions.Fill(json, known, batch.Sessions.Values);
        calls.Fill(json, known, batch.Calls.Values);
        transitions.Fill(json, known, batch.Transitions.Values);
        tasks.Fill(json, known, batch.Tasks.Values);
        windows.Fill(json, known, batch.Windows.Values);
        violations.Fill(json, known, batch.Violations.Values);
        hours.Fill(json, known, batch.Hours.Values);
        copies.Fill(json, known, batch.Copies);
        pauses.Fill(json, known, batch.Pauses.Values);
        return this;
    }
}

/// <summary>The rows as they are to be after some events, and the offset that they bring with them.</summary>
/// <param name="events">How many events it is made of, about.</param>
internal sealed class ReadBatch(ReadOffset from, ReadOffset to, int events)
{
    /// <summary>The offset that the store must have: else somebody else wrote, or the store is another one.</summary>
    public ReadOffset From { get; } = from;

    public ReadOffset To { get; } = to;

    public Dictionary<long, SessionModel> Sessions { get; } = [];

    public Dictionary<long, CallModel> Calls { get; } = new(events);

    public Dictionary<(long Call, long Sequence), TransitionModel> Transitions { get; } = new(events);

    public Dictionary<long, TaskModel> Tasks { get; } = [];

    public Dictionary<long, WindowModel> Windows { get; } = [];

    public Dictionary<long, ViolationModel> Violations { get; } = [];

    public Dictionary<long, HourModel> Hours { get; } = [];

    /// <summary>
    /// Calls moved out of an hour and left it empty: such a row is to be there no more than if it had never been.
    /// </summary>
    public bool EmptiesHours => Hours.Values.Any(hour => hour.IsEmpty);

    /// <summary>Calls whose messages name more than one task, under each of them.</summary>
    public HashSet<(string Task, long Call)> Named { get; } = [];

    public List<Moment> Moments { get; } = [];

    public List<CopyModel> Copies { get; } = [];

    public Dictionary<long, PauseModel> Pauses { get; } = [];
}
