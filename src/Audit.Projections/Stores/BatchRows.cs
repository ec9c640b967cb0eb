using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Audit.Projections.Calls;
using Audit.Projections.Overview;
using Audit.Projections.Sessions;
using Audit.Projections.Windows;

namespace Audit.Projections.Stores;

/// <summary>A batch made ready to be written, while the one before it may still be being written.</summary>
internal sealed class BatchRows
{
    private readonly Utf8JsonWriter json = new(new ArrayBufferWriter<byte>(), new JsonWriterOptions
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    });

    /// <summary>What it was made of.</summary>
    public ReadBatch Batch { get; private set; } = null!;

    public TableRows<SessionModel> Sessions { get; } = new(ReadTables.Sessions);

    public TableRows<CallModel> Calls { get; } = new(ReadTables.Calls);

    public TableRows<TransitionModel> Transitions { get; } = new(ReadTables.Transitions);

    public TableRows<TaskModel> Tasks { get; } = new(ReadTables.Tasks);

    public TableRows<WindowModel> Windows { get; } = new(ReadTables.Windows);

    public TableRows<ViolationModel> Violations { get; } = new(ReadTables.Violations);

    public TableRows<HourModel> Hours { get; } = new(ReadTables.Hours);

    public BatchRows Fill(ReadBatch batch)
    {
        Batch = batch;
        var known = batch.From.Position;
        Sessions.Fill(json, known, batch.Sessions.Values);
        Calls.Fill(json, known, batch.Calls.Values);
        Transitions.Fill(json, known, batch.Transitions.Values);
        Tasks.Fill(json, known, batch.Tasks.Values);
        Windows.Fill(json, known, batch.Windows.Values);
        Violations.Fill(json, known, batch.Violations.Values);
        Hours.Fill(json, known, batch.Hours.Values);
        return this;
    }
}
