using Audit.Api.Instruments;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Audit.Api.Operations;

/// <summary>Sends traces and metrics to an OpenTelemetry collector, when the environment names one.</summary>
internal sealed class Exporting(TracerProvider traces, MeterProvider metrics) : IDisposable
{
    private const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    /// <summary>Whether the environment names a collector.</summary>
    public static bool IsWanted => !string.IsNullOrEmpty(Environment.GetEnvironmentVariable(Endpoint));

    public static Exporting? Start()
    {
        if (!IsWanted)
        {
            return null;
        }

        var resource = ResourceBuilder.CreateDefault().AddService("audit-node", serviceVersion: NodeVersion.Text)
            .AddEnvironmentVariableDetector();
        // The framework makes the activity of a request itself, and honours traceparent.
        var traces = Sdk.CreateTracerProviderBuilder().SetResourceBuilder(resource)
            .AddSource("Microsoft.AspNetCore").AddSource(NodeTraces.Name).AddOtlpExporter().Build();
        var metrics = Sdk.CreateMeterProviderBuilder().SetResourceBuilder(resource)
            .AddMeter(NodeInstruments.MeterName).AddMeter("Microsoft.AspNetCore.Hosting", "System.Runtime")
            .AddOtlpExporter().Build();
        return new Exporting(traces, metrics);
    }

    public void Dispose()
    {
        traces.Dispose();
        metrics.Dispose();
    }
}
