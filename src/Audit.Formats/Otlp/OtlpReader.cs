using System.Text.Json.Nodes;
using Audit.Formats.Correlation;

namespace Audit.Formats.Otlp;

/// <summary>
/// Requests for export of OpenTelemetry in OTLP's JSON, one at a time: the spans and log records of a dialect that is
/// known tell calls of tools, all others are ignored. The conversation of a call stands in its span, in those above it
/// in the same request, or elsewhere in its trace, which <see cref="TracePlace"/> leaves to whoever remembers traces.
/// </summary>
internal sealed class OtlpReader(OtlpSteps steps, string? session, OtlpSignal? expected = null) : IEventReader
{
    private const string LogChannel = "otlp logs";
    private const int MostParents = 64;

    /// <summary>Of one request. Emitters send some hundreds, a collector up to 8,192.</summary>
    private const int MostSpans = 10_000;

    private static readonly (OtlpSignal Signal, string Resources, string Scopes, string Spans)[] Signals =
    [
        (OtlpSignal.Traces, "resourceSpans", "scopeSpans", "spans"),
        (OtlpSignal.Logs, "resourceLogs", "scopeLogs", "logRecords"),
        (OtlpSignal.Metrics, "resourceMetrics", "scopeMetrics", "metrics"),
    ];

    public void Read(JsonElement happened, long number, IFormatSink sink)
    {
        var signals = Signals.Where(one => expected is null || one.Signal == expected).ToList();
        if (happened.EnumerateObject().Select(member => member.Name).FirstOrDefault() is { } other
            && !signals.Exists(one => happened.Member(one.Resources) is { ValueKind: JsonValueKind.Array }))
        {
            // A request without any spans is one that exports nothing.
            throw new UnreadableException(
                signals[0].Resources,
                "an array of what resources sent is expected; "
                + $"the request has {ShortText.Of(other, ShortText.Quoted)}");
        }

        if (signals.Sum(one => Within(happened, one.Resources, one.Scopes, one.Spans).Count()) > MostSpans
            || signals.Sum(one => OtlpShape.CountAll(happened, one.Resources, one.Scopes, one.Spans)) > 3 * MostSpans)
        {
            throw new UnreadableException(
                "", $"the request has more than {MostSpans} spans, log records or metrics; send it in smaller batches");
        }

        foreach (var (signal, resources, scopes, spans) in signals)
        {
            OtlpShape.RefuseOthers(happened, resources, scopes, spans, sink);
            switch (signal)
            {
                case OtlpSignal.Traces:
                    ReadSpans([.. SpansOf(happened, resources, scopes, spans, OtlpDialects.OfSpans)], sink);
                    break;
                case OtlpSignal.Logs:
                    ReadLogs(SpansOf(happened, resources, scopes, spans, OtlpDialects.OfLogs), sink);
                    break;
                default:
                    foreach (var _ in Within(happened, resources, scopes, spans))
                    {
                        sink.Ignored("metric");
                    }

                    break;
            }
        }
    }

    public ReadOnlyMemory<byte>? Sound(ReadOnlySpan<byte> text, IFormatSink sink) => OtlpShape.Sound(
        text,
        [.. Signals.Where(one => expected is null || one.Signal == expected)
            .Select(one => (one.Resources, one.Scopes, one.Spans))],
        sink);

    private static IEnumerable<(JsonElement OfResource, JsonElement OfScope, JsonElement Span)> Within(
        JsonElement happened, string resources, string scopes, string spans) =>
        from ofResource in happened.ArrayMember(resources)
        from ofScope in ofResource.ArrayMember(scopes)
        from span in ofScope.ArrayMember(spans)
        select (ofResource, ofScope, span);

    private static IEnumerable<OtlpSpan> SpansOf(
        JsonElement happened, string resources, string scopes, string spans, IReadOnlyList<OtlpDialect> known) =>
        from ofResource in happened.ArrayMember(resources)
        let resource = new OtlpAttributes(ofResource.ObjectMember("resource") ?? default)
        from ofScope in ofResource.ArrayMember(scopes)
        let origin = new OtlpOrigin(resource, ofScope.ObjectMember("scope")?.Text("name"))
        from span in ofScope.ArrayMember(spans)
        where span.ValueKind == JsonValueKind.Object
        select new OtlpSpan(span, origin, known);

    private void ReadSpans(List<OtlpSpan> spans, IFormatSink sink)
    {
        var byId = new Dictionary<(string? Trace, string? Span), OtlpSpan>();
        foreach (var span in spans)
        {
            byId.TryAdd((span.Trace, span.SpanId), span);
            Learn(span, sink);
        }

        foreach (var step in spans.Where(one => one is { IsStep: true, Parent: not null }))
        {
            var isWithIt = byId.ContainsKey((step.Trace, step.Parent));
            Try(step, sink, () => ReadStep(step, isWithIt, sink));
        }

        foreach (var span in spans)
        {
            Try(span, sink, () => ReadSpan(span, AboveOf(span, byId), sink));
        }
    }

    private static void Learn(OtlpSpan span, IFormatSink sink)
    {
        if (span is { Trace: { } trace, Conversation: { } conversation }
            && Ids.Refuse(conversation, Ids.MaxBytes, isSession: true) is null)
        {
            sink.Learned(trace, conversation, span.IsNamedOnEach);
        }
    }

    /// <summary>What cannot be understood of one keeps none of the others from the book.</summary>
    private static void Try(OtlpSpan span, IFormatSink sink, Action read)
    {
        try
        {
            read();
        }
        catch (UnreadableException unreadable)
        {
            sink.Invalid($"{span.What}: {unreadable.Message}");
        }
    }

    private void ReadSpan(OtlpSpan span, List<OtlpSpan> above, IFormatSink sink)
    {
        if (!span.IsCall || span.IsNoCall)
        {
            if (!span.IsStep)
            {
                sink.Ignored(span.IsNoCall ? span.Name : span.Attributes.Text("gen_ai.operation.name")
                    ?? span.Attributes.Text("mcp.method.name") ?? "span");
            }

            return;
        }

        if (span.IsMcp && above is [{ IsCall: true, IsNoCall: false } around, ..] && span.IsSameCallAs(around))
        {
            // The call as the agent saw it is reported by the span above.
            sink.Ignored("tools/call within execute_tool");
            return;
        }

        var (start, end) = (span.Time("startTimeUnixNano"), span.Time("endTimeUnixNano"));
        var told = Of(span, span.CallId, above, OtlpDialects.Format);
        sink.Record(told.Tell(new Outcome.Requested(), start));
        if (span.IsSettledWithin)
        {
            Settle(span, told, start, end, sink);
        }
        else if (end is not null)
        {
            var decided = OtlpDecision.Of(span);
            if (decided is not null)
            {
                sink.Record(told.Tell(decided, end));
            }

            if (decided is null or Outcome.Approved)
            {
                sink.Record(told.Tell(new Outcome.Completed(ResultOf(span, span.Error, Lasted(start, end))), end));
            }
        }
    }

    /// <summary>
    /// Its span ends in the same way whether the tool ran or was refused: what is told within it alone says which, and
    /// nothing else makes a refusal a success.
    /// </summary>
    private void Settle(OtlpSpan span, OtlpCall told, Timestamp? start, Timestamp? end, IFormatSink sink)
    {
        var known = Outcomes(span, told, start, end);
        var unsettled = told.Place is { } place ? new UnsettledCall(place, told.Call, More) : null;
        var isOnlyRun = known is [{ Kind: MessageKind.Completed }];
        known.ForEach(one => sink.Record(isOnlyRun ? one with { Unsettled = unsettled } : one));
        if (end is not null && known.TrueForAll(one => one.Kind == MessageKind.Approved))
        {
            const string Why = "the span of the call ended, and none within it says whether the tool ran";
            sink.Note(told.NotTold(end, Why) with { Unsettled = unsettled });
        }

        List<DerivedRecord> More() => Outcomes(span, told, start, end)
            .FindAll(one => !known.Exists(other => other.Kind == one.Kind));
    }

    private List<DerivedRecord> Outcomes(OtlpSpan span, OtlpCall told, Timestamp? start, Timestamp? end)
    {
        var (story, outcomes) = (steps.Tell(span, told), new List<DerivedRecord>(2));
        if (story.Decision is { } decided)
        {
            outcomes.Add(told.Tell(decided, story.DecidedAt ?? end));
        }

        if (story.Success is { } success)
        {
            var error = success ? null : story.Error ?? span.Error ?? "error";
            outcomes.Add(told.Tell(
                new Outcome.Completed(ResultOf(span, error, Lasted(start, end))), end ?? story.RanAt));
        }

        return outcomes;
    }

    /// <summary>Mostly it comes before the span of its call or with it; what comes later is told by itself.</summary>
    private void ReadStep(OtlpSpan step, bool isWithCall, IFormatSink sink)
    {
        var (end, said, error) = (step.Time("endTimeUnixNano"), OtlpStep.Read(step), step.Plain(one => one.Error));
        var story = said.Story(end, error);
        var told = steps.Remember(step, story);
        if (isWithCall)
        {
            return;
        }

        if (told is null)
        {
            // What was refused is in the book before its call is, for the call may never come, or come elsewhere.
            if (step.Trace is { } trace && said.Note(trace, end, error) is { } note)
            {
                sink.Note(note);
            }

            return;
        }

        if (story.Decision is { } decided)
        {
            sink.Record(told.Tell(decided, end));
        }

        if (story.Success is { } ran)
        {
            sink.Record(told.Tell(new Outcome.Completed(new ToolResult(ran, ran ? "" : error ?? "error")), end));
        }
    }

    private void ReadLogs(IEnumerable<OtlpSpan> records, IFormatSink sink)
    {
        foreach (var record in records)
        {
            Learn(record, sink);
            if (record.IsCall)
            {
                Try(record, sink, () => ReadLog(record, sink));
            }
            else
            {
                sink.Ignored(record.Name is { Length: > 0 } name ? name : "log record");
            }
        }
    }

    /// <summary>An event says what was decided, or what came of the call, or both.</summary>
    private void ReadLog(OtlpSpan record, IFormatSink sink)
    {
        var at = record.Time("timeUnixNano") ?? record.Time("observedTimeUnixNano");
        var decided = OtlpDecision.Of(record);
        if (decided is null && record.Plain(one => one.Success) is null)
        {
            throw new UnreadableException("", "it says neither what was decided nor what came of it");
        }

        var call = record.Call ?? OtlpDecision.CallOf(record, at);
        var told = Of(record, call, [], LogChannel);
        var lasted = uint.TryParse(record.Attributes.Plain(OtlpDialects.Duration), out var given) ? given : (long?)null;
        // What was refused has failed; what is said to have done well all the same is for the law to judge.
        var hasRun = record.Plain(one => one.Success) is { } done && (decided is not Outcome.Blocked || done == "true");
        if (decided is not null)
        {
            // Where one event tells both, it was decided before it ran.
            var before = hasRun && at is { } end ? end.Add(TimeSpan.FromMilliseconds(-lasted ?? -1)) : at;
            sink.Record(told.Tell(decided, before) with { IsTimeInferred = hasRun });
        }

        if (hasRun)
        {
            var hasFailed = record.Plain(one => one.Success) is not "true";
            var error = hasFailed ? record.Plain(one => one.Error) ?? "error" : null;
            sink.Record(told.Tell(new Outcome.Completed(ResultOf(record, error, lasted)), at));
        }
    }

    private OtlpCall Of(OtlpSpan span, string call, List<OtlpSpan> above, string channel)
    {
        var inherited = above.Find(one => one.Conversation is not null)?.Conversation;
        var otherwise = span.OtherSession ?? session;
        var place = span.Trace is null ? null : new TracePlace(span.Trace, span.Conversation, inherited, otherwise);
        var of = span.Conversation ?? inherited ?? otherwise ?? place?.Session
            ?? throw new UnreadableException("traceId", "missing; neither does it name a conversation");
        return new OtlpCall(
            span.Host, of, call, span.Tool, channel, span.Agent ?? above.Find(one => one.Agent is not null)?.Agent,
            above.Find(one => one is { IsCall: true, IsNoCall: false })?.CallId, place, span.Provenance, span.Input,
            TellsOutput: span.Output is not null);
    }

    private static ToolResult ResultOf(OtlpSpan span, string? error, long? lasted)
    {
        var given = span.Output;
        var output = given is JsonValue value && value.GetValueKind() == JsonValueKind.String
            ? value.GetValue<string>()
            : given?.ToJsonString();
        return new ToolResult(error is null, output ?? error ?? "")
        {
            Data = OtlpValue.Parse(given) is { ValueKind: not JsonValueKind.String } data ? data : null,
            DurationMs = lasted,
        };
    }

    private static long? Lasted(Timestamp? start, Timestamp? end) =>
        start is { } from && end is { } until && until >= from
            ? (until.Ticks - from.Ticks) / TimeSpan.TicksPerMillisecond
            : null;

    /// <summary>
    /// The spans of the same request in which this one lies, the nearest first. None lies within itself, whatever an
    /// emitter says, and none is passed over for that.
    /// </summary>
    private static List<OtlpSpan> AboveOf(OtlpSpan span, Dictionary<(string?, string?), OtlpSpan> byId)
    {
        var above = new List<OtlpSpan>();
        for (var at = span; above.Count < MostParents && at.Parent is { } parent
            && byId.TryGetValue((at.Trace, parent), out var next); at = next)
        {
            if (next.SpanId == span.SpanId)
            {
                return [];
            }

            above.Add(next);
        }

        return above;
    }
}
