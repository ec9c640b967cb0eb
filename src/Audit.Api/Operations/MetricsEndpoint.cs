using System.Text;
using Audit.Api.Access;
using Audit.Api.Hosting;
using Audit.Api.Instruments;
using Audit.Api.Intake;

namespace Audit.Api.Operations;

/// <summary>`/metrics`: the node's numbers in Prometheus' text format.</summary>
internal sealed class MetricsEndpoint(NodeParts node)
{
    public void Map(IEndpointRouteBuilder routes) => routes.Get(
        "/metrics", GetAsync, Roles.Read, "The node's numbers in Prometheus' text format.");

    private async Task GetAsync(HttpContext context)
    {
        var text = new PrometheusText();
        WriteNode(text);
        WriteEngine(text);
        WriteProjections(text);
        await WriteLogAsync(text, context.RequestAborted);
        context.Response.ContentType = "text/plain; version=0.0.4; charset=utf-8";
        await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(text.ToString()), context.RequestAborted);
    }

    private void WriteNode(PrometheusText text)
    {
        text.Begin("audit_info", "gauge", "The program and its store.");
        text.Add("audit_info", 1, ("version", NodeVersion.Text), ("store", node.Store.Kind));
        text.Begin("audit_receipts_total", "counter", "Receipts given, by status.");
        foreach (var (status, count) in node.Metrics.Receipts())
        {
            text.Add("audit_receipts_total", count, ("status", ReceiptWriter.WordOf(status)));
        }

        text.Begin("audit_requests_total", "counter", "Requests answered, by class of status.");
        foreach (var (statusClass, count) in node.Metrics.Requests())
        {
            text.Add("audit_requests_total", count, ("class", statusClass));
        }

        text.One("audit_request_seconds_total", "counter", "Time spent on requests.", node.Metrics.RequestTime.TotalSeconds);
        text.One("audit_streams_open", "gauge", "NDJSON requests that are open.", node.Places.Streams);
        text.One("audit_uptime_seconds", "gauge", "Time since the start.", node.Metrics.Uptime.TotalSeconds);
        text.One("process_working_set_bytes", "gauge", "Memory of the process.", Environment.WorkingSet);
        text.One("dotnet_managed_heap_bytes", "gauge", "Memory of managed objects.", GC.GetTotalMemory(forceFullCollection: false));
    }

    private async Task WriteLogAsync(PrometheusText text, CancellationToken cancellation)
    {
        var head = await node.Log.TryHeadAsync(cancellation);
        text.One("audit_log_size", "gauge", "Entries that the newest checkpoint covers.", head?.Size ?? 0);
        text.One("audit_log_position", "gauge", "The last position that is sealed.", head?.LastPosition ?? 0);
        text.One("audit_log_halted", "gauge", "Whether the log may not be signed any more.", node.Log.Status.IsHalted ? 1 : 0);
    }

    private void WriteProjections(PrometheusText text)
    {
        var status = node.Reads.Status;
        text.One("audit_projections_position", "gauge", "The last position that is in the read models.", status.Position);
        text.One("audit_projections_lag_seconds", "gauge", "How old the newest event was when the read models had it.", status.Lag.TotalSeconds);
        text.One("audit_projections_halted", "gauge", "Whether an event stands in the way of the read models.",
            status.State == ProjectionState.Halted ? 1 : 0);
        var search = node.Reads.Search.Status;
        text.One("audit_search_position", "gauge", "The last position that is searched.", search.Position);
        text.One("audit_search_unread", "gauge", "Events that the text index could not read.", search.Unread);
    }

    private void WriteEngine(PrometheusText text)
    {
        var engine = node.Engine.Stats;
        text.One("audit_engine_waiting", "gauge", "Items that have no receipt yet.", engine.Waiting);
        text.One("audit_engine_waiting_bytes", "gauge", "Memory of items that have no receipt yet.", engine.WaitingBytes);
        text.One("audit_engine_full", "gauge", "Whether further items wait before they are taken.", engine.IsFull ? 1 : 0);
        text.One("audit_engine_live_streams", "gauge", "Calls, sessions and windows held in memory.", engine.LiveStreams);
        text.One("audit_engine_commits_total", "counter", "Transactions of the journal.", engine.Commits);
        text.One("audit_engine_rows_total", "counter", "Events written.", engine.Rows);
        text.One("audit_engine_conflicts_total", "counter", "Streams that another writer had moved on.", engine.Conflicts);
        text.One("audit_engine_failures_total", "counter", "Transactions that failed.", engine.Failures);
    }
}
