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
