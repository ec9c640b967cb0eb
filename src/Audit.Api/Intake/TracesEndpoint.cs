using System.Globalization;
using System.Text.Json;
using Audit.Api.Access;
using Audit.Api.Answers;
using Audit.Api.Hosting;

namespace Audit.Api.Intake;

/// <summary>`POST /v1/traces`: OTLP/HTTP in JSON, so that an exporter can point straight at the node.</summary>
internal sealed class TracesEndpoint(NodeParts node)
{
    private const string Protobuf = "application/x-protobuf";

    public void Map(IEndpointRouteBuilder routes) => routes.Post(
        "/v1/traces",
        PostAsync,
        Roles.Ingest,
        "Takes in OpenTelemetry traces, OTLP/HTTP in JSON.",
        "Spans of execute_tool (GenAI conventions) and tools/call (MCP) become tool calls, all others are passed over. Plain or with "
        + "Content-Encoding gzip or br. The answer is OTLP's own: {} or {\"partialSuccess\":{…}}.",
        new QueryParameter("session", "The session of spans that tell no conversation; without it their trace is their session."),
        new QueryParameter("task", "The task of what is derived."),
        new QueryParameter("agent", "The agent of what is derived."));

    private async Task PostAsync(HttpContext context)
    {
        var query = new QueryReader(context.Request.Query);
        var defaults = FormatDefaults.Read(context, query, out var problem);
        problem = RefuseKind(context.Request) ?? problem
            ?? (node.IsFull ? Problem.Full("As many records wait for their receipts as the node holds; send it again later.") : null);
        if (problem is not null)
        {
            await context.WriteProblemAsync(problem);
            return;
        }

        try
        {
            using var body = await WholeBody.ReadAsync(context.Request, node.Places, context.RequestAborted);
            await TakeAsync(context, body.Bytes, defaults with { ReceivedAt = node.Now });
        }
        catch (BodyRefusedException refused)
        {
            await context.WriteProblemAsync(refused.Problem);
        }
    }

    private static Problem? RefuseKind(HttpRequest request)
    {
        var isProtobuf = request.ContentType?.StartsWith(Protobuf, StringComparison.OrdinalIgnoreCase) == true;
        var refusal = BodyKinds.KindOf(request) == BodyKind.Whole
            ? BodyDecoding.Refuse(request)
            : $"The Content-Type \"{request.ContentType}\" is not accepted; accepted is application/json"
                + (isProtobuf ? ", which an exporter sends with OTEL_EXPORTER_OTLP_PROTOCOL=http/json." : ".");
        return refusal is null ? null : Problem.UnsupportedMedia(refusal);
    }

    private async Task TakeAsync(HttpContext context, ReadOnlyMemory<byte> body, ItemDefaults defaults)
    {
        var lines = new FormatLines(node, node.Formats.Open("otlp", defaults.SessionId)!);
        var (receipts, problem) = await WholeFormatBody.SubmitAsync(node, body, lines, defaults);
        foreach (var receipt in receipts)
        {
            node.Metrics.Count(receipt.Status);
        }

        var error = receipts.Find(receipt => receipt.Position == 0)?.Error;
        var isAllRefused = lines.Refused > 0 && lines.IgnoredEvents.Count == 0 && receipts.TrueForAll(receipt => receipt.Position == 0);
        problem ??= isAllRefused ? Problem.BadRequest($"{error}.") : null;
        if (problem is not null)
        {
            await context.WriteProblemAsync(problem);
            return;
        }

        var rejected = lines.Refused + receipts.Count(receipt => receipt.Status == ReceiptStatus.Refused);
        await context.WriteJsonAsync(StatusCodes.Status200OK, json => Write(json, rejected, error));
    }

    private static void Write(Utf8JsonWriter json, long rejected, string? error)
    {
        json.WriteStartObject();
        if (rejected > 0)
        {
            json.WriteStartObject("partialSuccess"u8);
            // Whole numbers of 64 bits are strings in OTLP's JSON.
            json.WriteString("rejectedSpans"u8, rejected.ToString(CultureInfo.InvariantCulture));
            json.WriteString("errorMessage"u8, error);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }
}
