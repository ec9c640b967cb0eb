using System.Data.Common;
using System.Diagnostics.Metrics;
using Audit.Api.Instruments;
using Audit.Api.Intake;
using Audit.Api.Log;

namespace Audit.Api.Operations;

/// <summary>
/// The one list of what can be measured of a node; /metrics, /v1/stats and the OpenTelemetry exporter read it.
/// </summary>
internal sealed class NodeInstruments : IDisposable
{
    public const string MeterName = "Audit.Node";

    private readonly Meter meter = new(MeterName);
    private readonly NodeLog log;
    private readonly ReadSide reads;
    private readonly FailureLog failures;
    private long unreviewed;

    public NodeInstruments(
        IAuditStore store, IAuditEngine engine, ReadSide reads, NodeLog log, NodeMetrics metrics, RecordIntake intake,
        FailureLog failures)
    {
        (this.log, this.reads, this.failures) = (log, reads, failures);
        Gauge("audit.info", "The program and its store.", () =>
            [new Measurement<long>(1, new("version", NodeVersion.Text), new("store", store.Kind))]);
        Counter("audit.receipts", "Receipts given, by status.", () => Of("status", metrics.Receipts()));
        Counter("audit.requests", "Requests answered, by class of status.", () => Of("class", metrics.Requests()));
        meter.CreateObservableCounter(
            "audit.request_seconds", () => metrics.RequestTime.TotalSeconds, description: "Time spent on requests.");
        Gauge("audit.streams_open", "NDJSON requests that are open.", () => intake.Places.Streams);
        meter.CreateObservableGauge(
            "audit.uptime_seconds", () => metrics.Uptime.TotalSeconds, description: "Time since the start.");
        Gauge("process.working_set_bytes", "Memory of the process.", () => Environment.WorkingSet);
        Gauge("dotnet.managed_heap_bytes", "Memory of managed objects.", () =>
            GC.GetTotalMemory(forceFullCollection: false));
        Gauge("audit.engine.waiting", "Items that have no receipt yet.", () => engine.Stats.Waiting);
        Gauge(
            "audit.engine.waiting_bytes", "Memory of items that have no receipt yet.", () => engine.Stats.WaitingBytes);
        Gauge("audit.engine.full", "Whether further items wait before they are taken.", () =>
            engine.Stats.IsFull ? 1 : 0);
        Gauge(
            "audit.engine.live_streams", "Calls, sessions and windows held in memory.", () => engine.Stats.LiveStreams);
        Counter("audit.engine.commits", "Transactions of the journal.", () => engine.Stats.Commits);
        Counter("audit.engine.rows", "Events written.", () => engine.Stats.Rows);
        Counter("audit.engine.conflicts", "Streams that another writer had moved on.", () => engine.Stats.Conflicts);
        Counter("audit.engine.failures", "Transactions that failed.", () => engine.Stats.Failures);
        Gauge(
            "audit.projections.position", "The last position that is in the read models.", () => reads.Status.Position);
        meter.CreateObservableGauge(
            "audit.projections.lag_seconds", () => reads.Status.Lag.TotalSeconds,
            description: "How old the newest event was when the read models had it.");
        Gauge("audit.projections.halted", "Whether an event stands in the way of the read models.",
            () => reads.Status.State == ProjectionState.Halted ? 1 : 0);
        Gauge("audit.violations.unreviewed", "Violations that wait for a person to review them.", () => unreviewed);
        Gauge("audit.search.position", "The last position that is searched.", () => reads.Search.Status.Position);
        meter.CreateObservableGauge(
            "audit.search.lag_seconds", () => reads.Search.Status.Lag.TotalSeconds,
            description: "How old the newest event was when it was searched.");
        Gauge("audit.search.unread", "Events that the text index could not read.", () => reads.Search.Status.Unread);
        Gauge("audit.log.size", "Entries that the newest checkpoint covers.", () => log.Known?.Size ?? 0);
        Gauge("audit.log.position", "The last position that is sealed.", () => log.Known?.LastPosition ?? 0);
        Gauge("audit.log.halted", "Whether the log may not be signed any more.", () => log.Status.IsHalted ? 1 : 0);
        Gauge("audit.log.unsealed_seconds", "How long the oldest row waits for its seal.",
            () => (long)(log.Seals?.Waiting.TotalSeconds ?? 0));
        Gauge("audit.log.overdue", "Whether a row waits longer for its seal than it may.",
            () => log.Seals?.IsOverdue == true ? 1 : 0);
        Gauge("audit.log.unproven", "Sealed rows that no node of the store can have written.",
            () => log.Seals?.Unproven.Count ?? 0);
        Counter("audit.failures", "What failed inside without a request that failed for it, by place.",
            () => Of("place", failures.Counts.Select(one => (one.Key, one.Value))));
    }

    /// <summary>All that is measured, now, in the order of the list.</summary>
    public async Task<IReadOnlyList<Measured>> ReadAsync(CancellationToken cancellation)
    {
        await log.LookAsync(cancellation);
        await CountAsync(cancellation);
        var measured = new List<Measured>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listening) =>
            {
                if (ReferenceEquals(instrument.Meter, meter))
                {
                    listening.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, labels, _) =>
            measured.Add(new Measured(instrument, value, labels.ToArray())));
        listener.SetMeasurementEventCallback<double>((instrument, value, labels, _) =>
            measured.Add(new Measured(instrument, value, labels.ToArray())));
        listener.Start();
        listener.RecordObservableInstruments();
        return measured;
    }

    public void Dispose() => meter.Dispose();

    /// <summary>While the read models are away the last count stands.</summary>
    private async Task CountAsync(CancellationToken cancellation)
    {
        try
        {
            unreviewed = (await reads.Models.HoursAsync(0, 0, cancellation))?.All.Unreviewed ?? 0;
        }
        catch (Exception failure) when (failure is ReadModelsException or DbException)
        {
            failures.Report("count of violations that wait", failure);
        }
    }

    private void Gauge(string name, string what, Func<long> read) =>
        meter.CreateObservableGauge(name, read, description: what);

    private void Gauge(string name, string what, Func<IEnumerable<Measurement<long>>> read) =>
        meter.CreateObservableGauge(name, read, description: what);

    private void Counter(string name, string what, Func<long> read) =>
        meter.CreateObservableCounter(name, read, description: what);

    private void Counter(string name, string what, Func<IEnumerable<Measurement<long>>> read) =>
        meter.CreateObservableCounter(name, read, description: what);

    private static IEnumerable<Measurement<long>> Of(string label, IEnumerable<(string Value, long Count)> counts) =>
        counts.Select(one => new Measurement<long>(one.Count, new KeyValuePair<string, object?>(label, one.Value)));
}

/// <summary>What an instrument showed.</summary>
internal sealed record Measured(Instrument Instrument, double Value, KeyValuePair<string, object?>[] Labels)
{
    public string Name => Instrument.Name;

    public string? Label => (string?)Labels.FirstOrDefault().Value;

    /// <summary>All in Prometheus' text format.</summary>
    public static string InPrometheusText(IReadOnlyList<Measured> measured)
    {
        var text = new StringBuilder();
        foreach (var family in measured.GroupBy(one => one.Instrument))
        {
            var isCounter = family.Key.GetType().GetGenericTypeDefinition() == typeof(ObservableCounter<>);
            var name = family.Key.Name.Replace('.', '_') + (isCounter ? "_total" : "");
            text.Append("# HELP ").Append(name).Append(' ').Append(family.Key.Description).Append('\n')
                .Append("# TYPE ").Append(name).Append(isCounter ? " counter\n" : " gauge\n");
            foreach (var one in family)
            {
                text.Append(name);
                if (one.Labels.Length > 0)
                {
                    // No value of ours holds what would need escaping.
                    text.Append('{').AppendJoin(',', one.Labels.Select(label => $"{label.Key}=\"{label.Value}\""))
                        .Append('}');
                }

                text.Append(' ').Append(one.Value.ToString(CultureInfo.InvariantCulture)).Append('\n');
            }
        }

        return text.ToString();
    }
}
