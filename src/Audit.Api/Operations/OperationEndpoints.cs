using System.Diagnostics;
using Audit.Api.Acting;
using Audit.Api.Instruments;
using Audit.Api.Log;

namespace Audit.Api.Operations;

/// <summary>`/metrics` and `/v1/stats`: where the node stands and how fast it goes.</summary>
internal sealed class OperationEndpoints(
    NodeInstruments instruments, IAuditStore store, IJournal journal, NodeLog log, ReadSide reads,
    ApiSettings settings, PolicyBook policies, IClusterEngine? cluster = null, Redactor? redactor = null)
    : IEndpointGroup
{
    private readonly Lock gate = new();
    private long lastRows;
    private long lastAt = Stopwatch.GetTimestamp();
    private double rate;

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.Get("/metrics", MetricsAsync, Roles.Read, "The node's numbers in Prometheus' text format.")
            .Scoped(Scope.Unbound).WithMetadata(new AccessRule(Roles.Read) { IsOfNumbers = true });
        routes.Get("/v1/stats", StatsAsync, Roles.Read, "Shows positions, rates, and what waits.")
            .Produces<StatsAnswer>().Scoped(Scope.Unbound);
    }

    private async Task<IResult> MetricsAsync(HttpContext context) => Reply.Content(
        Encoding.UTF8.GetBytes((await instruments.ReadAsync()).InPrometheusText()),
        "text/plain; version=0.0.4; charset=utf-8");

    private async Task<IResult> StatsAsync(HttpContext context)
    {
        var position = await journal.LastPositionAsync(context.RequestAborted);
        var all = (await instruments.ReadAsync()).All;
        var plain = all.Where(one => one.Labels.Length == 0).ToDictionary(one => one.Name, one => one.Value);
        var (projections, search, policy) = (reads.Status, reads.Search.Status, policies.Now);
        return Reply.Json(new StatsAnswer(
            NodeVersion.Text, Math.Round(plain["audit.uptime_seconds"], 1), new JournalStats(store.Kind, position),
            new LogStats(
                log.Known?.Log.Origin, Number("audit.log.size"), Number("audit.log.position"), log.SealingAnswer()),
            new ReaderStats(
                projections.State.ToString().ToLowerInvariant(), Number("audit.projections.position"),
                Milliseconds("audit.projections.lag_seconds"), projections.Sentence)
            {
                HaltedAt = projections.HaltedAt,
            },
            new ReaderStats(
                search.State.ToString().ToLowerInvariant(), Number("audit.search.position"),
                Milliseconds("audit.search.lag_seconds"), search.Sentence ?? search.LastUnreadSentence)
            {
                Unread = Number("audit.search.unread"),
            },
            new EngineNumbers(
                cluster is null ? "local" : "akka",
                Waiting: Number("audit.engine.waiting"), WaitingBytes: Number("audit.engine.waiting_bytes"),
                IsFull: Number("audit.engine.full") > 0, LiveStreams: Number("audit.engine.live_streams"),
                Commits: Number("audit.engine.commits"), Rows: Number("audit.engine.rows"),
                RowsPerSecond: Math.Round(RateOf(Number("audit.engine.rows")), 1),
                Conflicts: Number("audit.engine.conflicts"), Failures: Number("audit.engine.failures")),
            cluster is null ? null : AnswerOf(cluster.Cluster), Labelled("audit.receipts"),
            Number("audit.streams_open"), Labelled("audit.failures"))
        {
            Redaction = redactor is null
                ? new RedactionStats("off", null, [])
                : new RedactionStats("on", redactor.Rules.Version, redactor.Rules.Names),
            Unreviewed = Number("audit.violations.unreviewed"),
            Policy = new PolicyStats(policy.State, policy.Policy?.Version, policy.Trouble),
            RowKey = new RowKeyStats(store.Keys.Id, RowKeys.IsBackedUp(settings.RowKeyFile)),
        });

        long Number(string name) => (long)plain[name];
        double Milliseconds(string name) => Math.Round(plain[name] * 1000, 1);
        Dictionary<string, long> Labelled(string name) =>
            all.Where(one => one.Name == name).ToDictionary(one => one.Label!, one => (long)one.Value);
    }

    private static ClusterAnswer AnswerOf(ClusterState cluster) => new(
        cluster.Self, cluster.Status, cluster.Leader,
        [.. cluster.Members.Select(member => new MemberAnswer(
            member.Address, member.Status, !cluster.Unreachable.Contains(member.Address)))]);

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
