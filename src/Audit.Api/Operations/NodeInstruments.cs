using System.Diagnostics.Metrics;
using Audit.Api.Acting;
using Audit.Api.Diary;
using Audit.Api.Instruments;
using Audit.Api.Intake;
using Audit.Api.Log;
using Audit.Api.Quotas;

namespace Audit.Api.Operations;

/// <summary>
/// The one list of what can be measured of a node; /metrics, /v1/stats and the OpenTelemetry exporter read it.
/// </summary>
internal sealed class NodeInstruments : IDisposable
{
    public const string MeterName = "Audit.Node";

    private readonly Meter meter = new(MeterName);
    private readonly List<Instrument> all = [];
    private readonly NodeLook look;
    private readonly CommitTimes commits;

    public NodeInstruments(
        IAuditStore store, IAuditEngine engine, ReadSide reads, NodeLog log, NodeMetrics metrics, RecordIntake intake,
        FailureLog failures, NodeLook look, MachineFigures machine, QuotaBook quotas, ClockWatch clock,
        ApiSettings settings, IHostApplicationLifetime life, PolicyBook policies, FormatReaders formats,
        Alerts.AlertBook alerts, Alerts.AlertFeed feed)
    {
        (this.look, commits) = (look, metrics.Commits);
        OfNode(store, metrics, look, intake, clock, settings);
        Gauge("audit.policy_broken", "Whether the policy's file cannot be used, and the last one goes on.", () =>
            Flag(policies.Now.Trouble is not null));
        Counter("audit.decisions", "What hosts were answered that asked whether a tool may run.", () =>
            Of("decision", metrics.Decisions()));
        Counter("audit.ignored", "What other systems sent that concerns no call and no session.", () =>
            metrics.Ignored);
        Counter("audit.forgotten", "What was remembered of the calls of other systems and fell out for want of room.",
            () => formats.Forgotten);
        OfMachine(machine);
        OfEngine(() => engine.Stats);
        OfJournal(look, machine);
        OfReading(reads, look);
        OfLog(log);
        OfAlerts(alerts, feed);
        Gauge("audit.quota_used", "The most that any one source, person or token holds of a quota now.", () =>
            quotas.Used().Select(use => Value(use.Used, ("quota", use.Quota), ("whose", use.Whose))));
        Gauge("audit.quota_limit", "What it may hold.", () =>
            quotas.Used().Select(use => Value(use.Most, ("quota", use.Quota), ("whose", use.Whose))));
        Counter("audit.quota_refusals", "Requests refused because a share was used up.", () =>
            Of("quota", quotas.Refusals()));
        Counter("audit.failures", "What failed inside without a request that failed for it, by place.",
            () => Of("place", failures.Counts.Select(one => (one.Key, one.Value))));
        if (Exporting.IsWanted)
        {
            _ = look.KeepLookingAsync(life.ApplicationStopping);
        }
    }

    /// <summary>All that is measured, now.</summary>
    public async Task<Readings> ReadAsync()
    {
        await look.LookAsync();
        var measured = new List<Measured>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listening) =>
            {
                if (ReferenceEquals(instrument.Meter, meter) && instrument.IsObservable)
                {
                    listening.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<double>((instrument, value, labels, _) =>
            measured.Add(new Measured(instrument, value, labels.ToArray())));
        listener.Start();
        listener.RecordObservableInstruments();
        var histogram = all.Single(one => one is Histogram<double>);
        var classes = commits.Cumulative();
        measured.AddRange(classes.Select(one =>
            new Measured(histogram, one.Count, [new("le", one.Bound)]) { Suffix = "_bucket" }));
        measured.Add(new Measured(histogram, commits.Sum.TotalSeconds, []) { Suffix = "_sum" });
        measured.Add(new Measured(histogram, classes[^1].Count, []) { Suffix = "_count" });
        return new Readings(all, measured);
    }

    public void Dispose() => meter.Dispose();

    private void OfNode(
        IAuditStore store, NodeMetrics metrics, NodeLook look, RecordIntake intake, ClockWatch clock,
        ApiSettings settings)
    {
        Gauge("audit.info", "The program and its store.", () =>
            [Value(1, ("version", NodeVersion.Text), ("store", store.Kind))]);
        Gauge("audit.ready", "Whether the node can take records now.", () => Flag(look.IsReady));
        Counter("audit.receipts", "Receipts given, by status.", () => Of("status", metrics.Receipts()));
        Counter("audit.requests", "Requests answered, by class of status.", () => Of("class", metrics.Requests()));
        Counter("audit.request_seconds", "Time spent on requests.", () => metrics.RequestTime.TotalSeconds);
        Gauge("audit.streams_open", "NDJSON requests that are open.", () => intake.Places.Streams);
        Gauge("audit.streams_limit", "NDJSON requests that may be.", () => IntakeLimits.Streams);
        Gauge("audit.uptime_seconds", "Time since the start.", () => metrics.Uptime.TotalSeconds);
        Counter("audit.clock_steps", "How often the node's clock was set by a second or more.", () => clock.Steps);
        Gauge("audit.row_key_backed_up", "Whether a copy of the key file of the rows was made.", () =>
            Flag(RowKeys.IsBackedUp(settings.RowKeyFile)));
    }

    private void OfMachine(MachineFigures machine)
    {
        Gauge("process.working_set_bytes", "Memory of the process.", () => Environment.WorkingSet);
        Gauge("dotnet.managed_heap_bytes", "Memory of managed objects.", () =>
            GC.GetTotalMemory(forceFullCollection: false));
        Counter("dotnet.allocated_bytes", "Managed objects made since the start.", () => GC.GetTotalAllocatedBytes());
        Gauge("process.open_fds", "Files and sockets that are open.", () => Plain(machine.OpenFiles()));
        Gauge("process.max_fds", "Files and sockets that may be.", () => Plain(machine.MostOpenFiles()));
        Gauge("audit.disk_free_bytes", "Room on the disk of the data directory, and of a journal that is a file.", () =>
            Of("of", machine.Disks(disk => disk.AvailableFreeSpace)));
        Gauge("audit.disk_size_bytes", "How large that disk is.", () =>
            Of("of", machine.Disks(disk => disk.TotalSize)));
    }

    private void OfEngine(Func<EngineStats> stats)
    {
        Gauge("audit.engine.waiting", "Items that have no receipt yet.", () => stats().Waiting);
        Gauge("audit.engine.waiting_bytes", "Memory of items that have no receipt yet.", () => stats().WaitingBytes);
        Gauge("audit.engine.full", "Whether further items wait before they are taken.", () => Flag(stats().IsFull));
        Gauge("audit.engine.live_streams", "Calls, sessions and windows held in memory.", () => stats().LiveStreams);
        Counter("audit.engine.commits", "Transactions of the journal.", () => stats().Commits);
        Counter("audit.engine.rows", "Events written.", () => stats().Rows);
        Counter("audit.engine.conflicts", "Streams that another writer had moved on.", () => stats().Conflicts);
        Counter("audit.engine.failures", "Transactions that failed.", () => stats().Failures);
    }

    private void OfJournal(NodeLook look, MachineFigures machine)
    {
        Gauge("audit.journal.position", "The last position that is committed.", () => look.Position);
        Gauge("audit.journal.trouble", "Whether this keeps the journal from committing.", () =>
            TroubleWords.All.Select(one => Value(look.Trouble == one ? 1 : 0, ("reason", TroubleWords.Of(one)))));
        Gauge("audit.journal.last_commit_timestamp_seconds", "When this node last committed.", () =>
            Plain(Unix(commits.LastAt)));
        var histogram = meter.CreateHistogram(
            "audit.journal.commit_seconds", null, "How long transactions of the journal took.", null,
            new InstrumentAdvice<double> { HistogramBucketBoundaries = CommitTimes.Bounds });
        all.Add(histogram);
        commits.Also = histogram.Record;
        Gauge("audit.journal.file_bytes", "Size of the journal's files.", () =>
            Plain(look.Sizes is { } sizes ? [sizes.Journal] : machine.BytesOfJournal()));
        Gauge("audit.journal.wal_bytes", "Size of what is in the write-ahead log alone.", () =>
            Plain(look.Sizes is { } sizes ? [sizes.WriteAhead] : machine.BytesOfJournal("-wal")));
    }

    private void OfReading(ReadSide reads, NodeLook look)
    {
        Gauge("audit.projections.position", "The last position that is in the read models.", () =>
            reads.Status.Position);
        Gauge("audit.projections.lag_seconds", "How old the newest event was when the read models had it.", () =>
            reads.Status.Lag.TotalSeconds);
        Gauge("audit.projections.behind_seconds", "How long the oldest row waits for the read models.", () =>
            look.ModelsBehind.TotalSeconds);
        Gauge("audit.projections.halted", "Whether an event stands in the way of the read models.", () =>
            Flag(reads.Status.State == ProjectionState.Halted));
        Gauge("audit.violations.unreviewed", "Violations that wait for a person to review them.", () =>
            look.Unreviewed);
        Gauge("audit.search.position", "The last position that is searched.", () => reads.Search.Status.Position);
        Gauge("audit.search.lag_seconds", "How old the newest event was when it was searched.", () =>
            reads.Search.Status.Lag.TotalSeconds);
        Gauge("audit.search.behind_seconds", "How long the oldest row waits for the text index.", () =>
            look.SearchBehind.TotalSeconds);
        Gauge("audit.search.halted", "Whether an event stands in the way of the text index.", () =>
            Flag(reads.Search.Status.State == ProjectionState.Halted));
        Gauge("audit.search.unread", "Events that the text index could not read.", () => reads.Search.Status.Unread);
    }

    private void OfLog(NodeLog log)
    {
        Gauge("audit.log.size", "Entries that the newest checkpoint covers.", () => log.Known?.Size ?? 0);
        Gauge("audit.log.position", "The last position that is sealed.", () => log.Known?.LastPosition ?? 0);
        Gauge("audit.log.last_seal_timestamp_seconds", "When the newest checkpoint was signed, by any node.", () =>
            Plain(Unix(log.Known?.Stored?.SignedAt)));
        Gauge("audit.log.state", "What the node's sealer is at.", () =>
            Enum.GetValues<SealerState>().Select(state =>
                Value(log.Status.State == state ? 1 : 0, ("state", SealerWords.Of(state)))));
        Gauge("audit.log.halted", "Whether the log may not be signed any more.", () => Flag(log.IsHalted));
        Gauge("audit.log.unsealed_seconds", "How long the oldest row waits for its seal.", () =>
            Math.Floor(log.Seals?.Waiting.TotalSeconds ?? 0));
        Gauge("audit.log.overdue", "Whether a row waits longer for its seal than it may.", () =>
            Flag(log.Seals?.IsOverdue == true));
        Gauge("audit.log.unproven", "Sealed rows that no node of the store can have written.", () =>
            log.Seals?.Unproven.Count ?? 0);
        Gauge("audit.log.unwitnessed_seconds", "How long the newest checkpoint lacks its quorum of witnesses.", () =>
            log.Witnessed?.UnwitnessedSeconds ?? 0);
        Gauge("audit.log.unwitnessed_overdue", "Whether that is longer than it may be.", () =>
            Flag(log.Witnessed?.IsOverdue == true));
    }

    private void OfAlerts(Alerts.AlertBook alerts, Alerts.AlertFeed feed)
    {
        Gauge("audit.alerts_broken", "Whether alerts.json cannot be used, and the last one goes on.", () =>
            Flag(alerts.Now.Trouble is not null));
        Gauge("audit.alerts_waiting", "Alerts that wait to be sent.", () =>
            Of("destination", feed.Posted.Select(one => (one.Name, (long)one.State.Waiting.Count))));
        Counter("audit.alerts_sent", "Alerts that were taken.", () =>
            Of("destination", feed.Posted.Select(one => (one.Name, one.State.Sent))));
        Counter("audit.alerts_given_up", "Alerts that nobody took, after the last try.", () =>
            Of("destination", feed.Posted.Select(one => (one.Name, one.State.GivenUp))));
    }

    private void Gauge(string name, string what, Func<double> read) => Gauge(name, what, () => [Value(read())]);

    private void Gauge(string name, string what, Func<IEnumerable<Measurement<double>>> read) =>
        all.Add(meter.CreateObservableGauge(name, read, description: what));

    private void Counter(string name, string what, Func<double> read) => Counter(name, what, () => [Value(read())]);

    private void Counter(string name, string what, Func<IEnumerable<Measurement<double>>> read) =>
        all.Add(meter.CreateObservableCounter(name, read, description: what));

    private static double Flag(bool isSo) => isSo ? 1 : 0;

    private static IEnumerable<double> Unix(DateTimeOffset? time) =>
        time is { } known ? [known.ToUnixTimeMilliseconds() / 1000.0] : [];

    private static Measurement<double> Value(double value, params (string Name, string Value)[] labels) =>
        new(value, labels.Select(label => new KeyValuePair<string, object?>(label.Name, label.Value)));

    private static IEnumerable<Measurement<double>> Plain(IEnumerable<long> values) =>
        values.Select(value => Value(value));

    private static IEnumerable<Measurement<double>> Plain(IEnumerable<double> values) =>
        values.Select(value => Value(value));

    private static IEnumerable<Measurement<double>> Of(string label, IEnumerable<(string Value, long Count)> counts) =>
        counts.Select(one => Value(one.Count, (label, one.Value)));
}

/// <summary>What an instrument showed.</summary>
internal sealed record Measured(Instrument Instrument, double Value, KeyValuePair<string, object?>[] Labels)
{
    /// <summary>Which part of a histogram it is.</summary>
    public string Suffix { get; init; } = "";

    public string Name => Instrument.Name + Suffix;

    public string? Label => (string?)Labels.FirstOrDefault().Value;
}

/// <summary>What all instruments showed at one time.</summary>
internal sealed record Readings(IReadOnlyList<Instrument> Instruments, IReadOnlyList<Measured> All)
{
    /// <summary>All in Prometheus' text format, in the order of the list.</summary>
    public string InPrometheusText()
    {
        var text = new StringBuilder();
        var shown = All.ToLookup(one => one.Instrument);
        foreach (var family in Instruments)
        {
            var isCounter = family is ObservableCounter<double>;
            var name = family.Name.Replace('.', '_') + (isCounter ? "_total" : "");
            var type = isCounter ? "counter" : family is Histogram<double> ? "histogram" : "gauge";
            text.Append("# HELP ").Append(name).Append(' ').Append(family.Description).Append('\n')
                .Append("# TYPE ").Append(name).Append(' ').Append(type).Append('\n');
            foreach (var one in shown[family])
            {
                text.Append(name).Append(one.Suffix);
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
