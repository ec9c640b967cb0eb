using System.Diagnostics;
using System.Text.Json;
using Audit.Api.Access;
using Audit.Api.Answers;
using Audit.Api.Hosting;
using Audit.Api.Intake;
using Audit.Api.Log;

namespace Audit.Api.Operations;

/// <summary>`/v1/stats`: where the node stands and how fast it goes.</summary>
internal sealed class StatsEndpoint(NodeParts node)
{
    private readonly Lock gate = new();
    private long lastRows;
    private long lastAt = Stopwatch.GetTimestamp();
    private double rate;

    public void Map(IEndpointRouteBuilder routes) => routes.Get(
        "/v1/stats", GetAsync, Roles.Read, "Tells positions, rates, and what waits.");

    private async Task GetAsync(HttpContext context)
    {
        var position = await node.Journal.LastPositionAsync(context.RequestAborted);
        var head = await node.Log.TryHeadAsync(context.RequestAborted);
        var engine = node.Engine.Stats;
        var perSecond = RateOf(engine.Rows);
        await context.WriteJsonAsync(StatusCodes.Status200OK, json =>
        {
            json.WriteStartObject();
            json.WriteString("version", NodeVersion.Text);
            json.WriteNumber("uptime_seconds", Math.Round(node.Metrics.Uptime.TotalSeconds, 1));
            json.WriteStartObject("journal");
            json.WriteString("store", node.Store.Kind);
            json.WriteNumber("position", position);
            json.WriteEndObject();
            json.WriteStartObject("log");
            json.WriteString("origin", head?.Log.Origin);
            json.WriteNumber("size", head?.Size ?? 0);
            json.WriteNumber("position", head?.LastPosition ?? 0);
            json.WritePropertyName("sealing");
            LogJson.WriteStatus(json, node.Log.Status);
            json.WriteEndObject();
            WriteProjections(json);
            json.WriteStartObject("engine");
            json.WriteString("kind", node.Cluster is null ? "local" : "akka");
            json.WriteNumber("waiting", engine.Waiting);
            json.WriteNumber("waiting_bytes", engine.WaitingBytes);
            json.WriteBoolean("is_full", engine.IsFull);
            json.WriteNumber("live_streams", engine.LiveStreams);
            json.WriteNumber("commits", engine.Commits);
            json.WriteNumber("rows", engine.Rows);
            json.WriteNumber("rows_per_second", Math.Round(perSecond, 1));
            json.WriteNumber("conflicts", engine.Conflicts);
            json.WriteNumber("failures", engine.Failures);
            json.WriteEndObject();
            if (node.Cluster is { } cluster)
            {
                ClusterJson.Write(json, cluster.Cluster);
            }

            json.WriteStartObject("receipts");
            foreach (var (status, count) in node.Metrics.Receipts())
            {
                json.WriteNumber(ReceiptWriter.WordOf(status), count);
            }

            json.WriteEndObject();
            json.WriteNumber("streams_open", node.Places.Streams);
            json.WriteEndObject();
        });
    }

    private void WriteProjections(Utf8JsonWriter json)
    {
        var status = node.Reads.Status;
        json.WriteStartObject("projections");
        json.WriteString("state", status.State.ToString().ToLowerInvariant());
        json.WriteNumber("position", status.Position);
        json.WriteNumber("lag_ms", Math.Round(status.Lag.TotalMilliseconds, 1));
        if (status.HaltedAt is { } halted)
        {
            json.WriteNumber("halted_at", halted);
        }

        json.WriteString("sentence", status.Sentence);
        json.WriteEndObject();
        var search = node.Reads.Search.Status;
        json.WriteStartObject("search");
        json.WriteString("state", search.State.ToString().ToLowerInvariant());
        json.WriteNumber("position", search.Position);
        json.WriteNumber("lag_ms", Math.Round(search.Lag.TotalMilliseconds, 1));
        json.WriteNumber("unread", search.Unread);
        json.WriteString("sentence", search.Sentence ?? search.LastUnreadSentence);
        json.WriteEndObject();
    }

    /// <summary>Rows a second since it was last asked, at least a second ago.</summary>
    private double RateOf(long rows)
    {
        lock (gate)
        {
            var now = Stopwatch.GetTimestamp();
            var seconds = Stopwatch.GetElapsedTime(lastAt, now).TotalSeconds;
            if (seconds >= 1)
            {
                rate = (rows - lastRows) / seconds;
                (lastRows, lastAt) = (rows, now);
            }

            return rate;
        }
    }
}
