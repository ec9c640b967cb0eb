using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Audit.Api.Instruments;

/// <summary>What the node counts. The same numbers are read by /metrics, /v1/stats and the OpenTelemetry exporter.</summary>
internal sealed class NodeMetrics : IDisposable
{
    public const string MeterName = "Audit.Node";
    private const int StatusClasses = 6;

    private static readonly ReceiptStatus[] Statuses = Enum.GetValues<ReceiptStatus>();

    private readonly long started = Stopwatch.GetTimestamp();
    private readonly long[] receipts = new long[Statuses.Length];
    private readonly long[] requests = new long[StatusClasses];
    private readonly Meter meter = new(MeterName);
    private long requestTicks;

    public NodeMetrics()
    {
        meter.CreateObservableCounter("audit.receipts", ReceiptMeasurements, description: "Receipts given, by status.");
        meter.CreateObservableCounter(
            "audit.requests", RequestMeasurements, description: "Requests answered, by class of status.");
    }

    public TimeSpan Uptime => Stopwatch.GetElapsedTime(started);

    public TimeSpan RequestTime => TimeSpan.FromTicks(Interlocked.Read(ref requestTicks));

    public void Count(ReceiptStatus status) => Interlocked.Increment(ref receipts[(int)status]);

    public void CountRequest(int status, TimeSpan took)
    {
        Interlocked.Increment(ref requests[Math.Clamp(status / 100, 0, StatusClasses - 1)]);
        Interlocked.Add(ref requestTicks, took.Ticks);
    }

    public IEnumerable<(ReceiptStatus Status, long Count)> Receipts() =>
        Statuses.Select(status => (status, Interlocked.Read(ref receipts[(int)status])));

    public IEnumerable<(string Class, long Count)> Requests() =>
        Enumerable.Range(1, StatusClasses - 1).Select(digit => ($"{digit}xx", Interlocked.Read(ref requests[digit])));

    /// <summary>Shows the engine's own numbers to the exporter.</summary>
    public void Observe(IAuditEngine engine)
    {
        meter.CreateObservableGauge("audit.engine.waiting", () => engine.Stats.Waiting);
        meter.CreateObservableGauge("audit.engine.live_streams", () => engine.Stats.LiveStreams);
        meter.CreateObservableCounter("audit.engine.commits", () => engine.Stats.Commits);
        meter.CreateObservableCounter("audit.engine.rows", () => engine.Stats.Rows);
        meter.CreateObservableCounter("audit.engine.conflicts", () => engine.Stats.Conflicts);
        meter.CreateObservableCounter("audit.engine.failures", () => engine.Stats.Failures);
    }

    public void Dispose() => meter.Dispose();

    private IEnumerable<Measurement<long>> ReceiptMeasurements() => Receipts().Select(one => new Measurement<long>(
        one.Count, new KeyValuePair<string, object?>("status", one.Status.ToString().ToLowerInvariant())));

    private IEnumerable<Measurement<long>> RequestMeasurements() => Requests().Select(one =>
        new Measurement<long>(one.Count, new KeyValuePair<string, object?>("class", one.Class)));
}
