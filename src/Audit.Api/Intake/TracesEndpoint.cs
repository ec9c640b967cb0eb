namespace Audit.Api.Intake;

/// <summary>`POST /v1/traces`: OTLP/HTTP in JSON, so that an exporter can point straight at the node.</summary>
internal sealed class TracesEndpoint(RecordIntake intake, FormatReaders formats, IJournal journal) : IEndpointGroup
{
    private const string Protobuf = "application/x-protobuf";

    public void Map(IEndpointRouteBuilder routes) => routes.Post(
        "/v1/traces",
        PostAsync,
        Roles.Ingest,
        "Takes in OpenTelemetry traces, OTLP/HTTP in JSON.",
        "Spans of execute_tool (GenAI conventions) and tools/call (MCP) become tool calls, all others are passed "
            + "over. Plain or with "
        + "Content-Encoding gzip or br. The answer is OTLP's own: {} or {\"partialSuccess\":{…}}.",
        new QueryParameter(
            "session", "The session of spans that name no conversation; without it their trace is their session."),
        new QueryParameter("task", "The task of what is derived."),
        new QueryParameter("agent", "The agent of what is derived."))
        .Produces<TracesAnswer>().Scoped(Scope.Own);

    private async Task<IResult> PostAsync(HttpContext context)
    {
        if (RefuseKind(context.Request) is { } refusal)
        {
            return Problem.UnsupportedMedia(refusal);
        }

        var defaults = IntakeHeaders.ReadWithQuery(context);
        intake.RequireRoom("it");
        using var body = await WholeBody.ReadAsync(context, intake);
        return await TakeAsync(context, body.Bytes, defaults with { ReceivedAt = intake.Now });
    }

    private static string? RefuseKind(HttpRequest request)
    {
        var isProtobuf = request.ContentType?.StartsWith(Protobuf, StringComparison.OrdinalIgnoreCase) == true;
        return BodyKinds.KindOf(request) == BodyKind.Whole
            ? BodyDecoding.Refuse(request)
            : $"The Content-Type \"{request.ContentType}\" is not accepted; accepted is application/json"
                + (isProtobuf ? ", which an exporter sends with OTEL_EXPORTER_OTLP_PROTOCOL=http/json." : ".");
    }

    private async Task<IResult> TakeAsync(HttpContext context, ReadOnlyMemory<byte> body, ItemDefaults defaults)
    {
        var lines = new FormatLines(intake, journal, formats.Open("otlp", defaults.SessionId)!);
        var receipts = await lines.TakeAsync(body, defaults);
        receipts.ForEach(new ReceiptCounts(context).Add);
        var error = receipts.Find(receipt => receipt.Position == 0)?.Error;
        if (lines.Refused > 0 && lines.IgnoredEvents.Count == 0
            && receipts.TrueForAll(receipt => receipt.Position == 0))
        {
            return Problem.BadRequest($"{error}.");
        }

        var rejected = lines.Refused + receipts.Count(receipt => receipt.Status == ReceiptStatus.Refused);
        return Reply.Json(new TracesAnswer
        {
            PartialSuccess = rejected > 0
                ? new PartialSuccess(rejected.ToString(CultureInfo.InvariantCulture), error)
                : null,
        });
    }
}
