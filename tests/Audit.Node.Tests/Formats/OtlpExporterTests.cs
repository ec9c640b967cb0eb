using System.Diagnostics;
using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Formats;

/// <summary>A node before the exporters that OpenTelemetry ships for JavaScript, as they are when nothing is set.</summary>
public sealed class OtlpExporterTests : IAsyncLifetime
{
    private TestNode node = null!;

    public async Task InitializeAsync() => node = await TestNode.StartAsync();

    public async Task DisposeAsync() => await node.DisposeAsync();

    [ExporterTheory]
    [InlineData("proto")]
    [InlineData("http")]
    public async Task every_call_and_decision_arrives(string protocol)
    {
        await ExportAsync(protocol);

        var events = (await node.GetAsync($"/v1/events?limit=1000&session=conv-{protocol}", accept: "application/x-ndjson")).Require(200)
            .Lines.Select(line => line.GetProperty("event")).ToList();
        Assert.DoesNotContain(events, one => one.Text("event") == "call.violated");
        var records = events.Where(one => one.TryGetProperty("record", out _)).Select(one => one.GetProperty("record")).ToList();
        Assert.Equal(
            new Dictionary<string, int> { ["approved"] = 19, ["requested"] = 19, ["completed"] = 19, ["blocked"] = 1 },
            records.CountBy(record => record.GetProperty("outcome").Text("kind")).ToDictionary());
        Assert.Equal(20, records.Select(record => record.Text("tool_call_id")).Distinct().Count());
        var last = records.Single(record => record.Text("tool_call_id") == "call-19" && record.GetProperty("outcome").Text("kind") == "completed");
        Assert.Equal("ü\0\"", last.GetProperty("requested_input").Text("b"));
        Assert.Equal("sum 19", last.GetProperty("outcome").GetProperty("result").Text("output"));
        Assert.False(last.GetProperty("outcome").GetProperty("result").GetProperty("success").GetBoolean());
        Assert.All(events.Where(one => one.Text("event") == "call.transitioned" && one.GetProperty("record").GetProperty("outcome").Text("kind") == "completed"),
            one => Assert.Equal("sums", one.Text("agent")));
    }

    private async Task ExportAsync(string protocol)
    {
        var start = new ProcessStartInfo(
            "node", [Path.Combine(AppContext.BaseDirectory, "Formats", "otel.mjs"), ExporterTheoryAttribute.Modules!, protocol])
        {
            RedirectStandardError = true,
        };
        start.Environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = node.Url.ToString();
        start.Environment["OTEL_EXPORTER_OTLP_HEADERS"] = "authorization=Bearer " + node.AdminToken;
        using var exporting = Process.Start(start)!;
        var error = await exporting.StandardError.ReadToEndAsync();
        await exporting.WaitForExitAsync();
        Assert.True(exporting.ExitCode == 0 && error.Length == 0, error);
    }
}

/// <summary>A theory that needs OpenTelemetry's packages for Node.js, skipped with the reason where they are not.</summary>
internal sealed class ExporterTheoryAttribute : TheoryAttribute
{
    public ExporterTheoryAttribute() => Skip = Modules is null
        ? "AUDIT_TEST_OTEL names no folder with the exporters of @opentelemetry; .ci/run fetches them from npm"
        : null;

    public static string? Modules => Environment.GetEnvironmentVariable("AUDIT_TEST_OTEL");
}
