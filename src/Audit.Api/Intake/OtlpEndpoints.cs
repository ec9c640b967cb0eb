namespace Audit.Api.Intake;

/// <summary>OTLP over HTTP: an exporter with nothing set but the node's address and a token is understood.</summary>
internal sealed class OtlpEndpoints(RecordIntake intake, FormatReaders formats, TraceSessions traces, IJournal journal)
    : IEndpointGroup
{
    private const string Protobuf = "application/x-protobuf";

    /// <summary>In JSON it may take six times as much.</summary>
    private const int MostProtobufBytes = 16 << 20;

    public void Map(IEndpointRouteBuilder routes)
    {
        Map(routes, OtlpSignal.Traces, "Takes in OpenTelemetry traces, OTLP/HTTP.",
            "Spans of calls of tools, in the dialects that are known, become tool calls; all others are passed over.");
        Map(routes, OtlpSignal.Logs, "Takes in OpenTelemetry logs, OTLP/HTTP.",
            "Events that say what was decided of a call of a tool, or what came of it, are taken; all others are "
            + "passed over.");
        Map(routes, OtlpSignal.Metrics, "Takes OpenTelemetry metrics, OTLP/HTTP, and passes them over.",
            "No metric is about one call of a tool. It is here for exporters of all three.");
    }

    private void Map(
        IEndpointRouteBuilder routes, OtlpSignal signal, string summary, string description) => routes.Post(
        $"/v1/{signal.ToString().ToLowerInvariant()}",
        context => PostAsync(context, signal),
        Roles.Ingest,
        summary,
        description + " In protobuf or JSON, plain or with Content-Encoding gzip or br; the answer is OTLP's own, in "
        + "the encoding of the request: empty, or with a partial success.",
        new QueryParameter(
            "session", "The session of what names no conversation; without it the trace is the session."),
        new QueryParameter("task", "The task of what is derived."),
        new QueryParameter("agent", "The agent of what names none."))
        .Produces<OtlpAnswer>().Scoped(Scope.Own);

    private async Task<IResult> PostAsync(HttpContext context, OtlpSignal signal)
    {
        var isProtobuf = BodyKinds.IsOf(context.Request, Protobuf);
        try
        {
            if (RefuseKind(context.Request, isProtobuf) is { } refusal)
            {
                return Refused(Problem.UnsupportedMedia(refusal), isProtobuf);
            }

            var defaults = IntakeHeaders.ReadWithQuery(context);
            intake.RequireRoom("it");
            using var body = await WholeBody.ReadAsync(context, intake);
            if (signal == OtlpSignal.Metrics)
            {
                intake.Metrics.CountIgnored(1);
                return Answer(signal, isProtobuf, 0, null);
            }

            if (isProtobuf && body.Bytes.Length > MostProtobufBytes)
            {
                return Refused(
                    Problem.TooLarge(
                        $"The body has {body.Bytes.Length} bytes; at most {MostProtobufBytes} are read of protobuf."),
                    isProtobuf);
            }

            var leftOut = new List<string>();
            var json = isProtobuf ? OtlpProtobuf.ToJson(body.Bytes.Span, signal, leftOut) : body.Bytes;
            var reader = formats.OpenOtlp(signal, defaults.Source, defaults.SessionId);
            var lines = new FormatLines(intake, journal, reader, traces) { LeftOut = leftOut };
            return await TakeAsync(context, lines, json, defaults with { ReceivedAt = intake.Now }, signal, isProtobuf);
        }
        catch (UnreadableException unreadable)
        {
            return Refused(Problem.BadRequest($"The body is no OTLP: {unreadable.Message}."), isProtobuf);
        }
        catch (RefusedException refused) when (isProtobuf)
        {
            return Refused(refused.Problem, isProtobuf);
        }
    }

    private static string? RefuseKind(HttpRequest request, bool isProtobuf) =>
        isProtobuf || BodyKinds.KindOf(request) == BodyKind.Whole
            ? BodyDecoding.Refuse(request)
            : $"The Content-Type \"{request.ContentType}\" is not accepted; accepted are {Protobuf} and "
                + "application/json.";

    private async Task<IResult> TakeAsync(
        HttpContext context, FormatLines lines, ReadOnlyMemory<byte> body, ItemDefaults defaults, OtlpSignal signal,
        bool isProtobuf)
    {
        var receipts = await lines.TakeAsync(body, defaults);
        receipts.ForEach(new ReceiptCounts(context).Add);
        intake.Metrics.CountIgnored(lines.IgnoredEvents.Count);
        var error = receipts.Find(receipt => receipt.Position == 0)?.Error;
        return lines.Refused > 0 && lines.IgnoredEvents.Count == 0
            && receipts.TrueForAll(receipt => receipt.Position == 0)
                ? Refused(Problem.BadRequest($"{error}."), isProtobuf)
                : Answer(
                    signal, isProtobuf,
                    lines.Refused + receipts.Count(receipt => receipt.Status == ReceiptStatus.Refused), error);
    }

    private static IResult Answer(OtlpSignal signal, bool isProtobuf, long rejected, string? error)
    {
        if (isProtobuf)
        {
            return Reply.Content(
                rejected == 0 ? default : OtlpAnswers.PartialSuccess(rejected, error ?? ""), Protobuf);
        }

        var count = rejected.ToString(CultureInfo.InvariantCulture);
        return Reply.Json(new OtlpAnswer
        {
            PartialSuccess = rejected == 0 ? null
                : signal == OtlpSignal.Logs ? new PartialSuccess(null, count, error)
                : new PartialSuccess(count, null, error),
        });
    }

    /// <summary>An exporter that speaks protobuf reads of an error the message alone.</summary>
    private static IResult Refused(Problem problem, bool isProtobuf) =>
        isProtobuf ? new ProtobufProblem(problem) : problem;

    private sealed class ProtobufProblem(Problem problem) : IResult, IStatusCodeHttpResult
    {
        public int? StatusCode => problem.Status;

        public async Task ExecuteAsync(HttpContext httpContext)
        {
            var response = httpContext.Response;
            response.StatusCode = problem.Status;
            response.ContentType = Protobuf;
            if (problem.RetryAfter is { } seconds)
            {
                response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
            }

            await response.Body.WriteAsync(
                OtlpAnswers.Status(problem.DetailFor(httpContext)), httpContext.RequestAborted);
        }
    }
}
