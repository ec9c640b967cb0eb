using Audit.Engine;
using Audit.Engine.Intake;
using Audit.Node.Access;
using Audit.Node.Hosting;
using Audit.Node.Operations;
using Audit.Node.Problems;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Audit.Node.Intake;

/// <summary>`POST /v1/records`: one object, an array, or NDJSON.</summary>
internal sealed class RecordEndpoint(NodeParts node)
{
    public void Map(IEndpointRouteBuilder routes) => routes.Post(
        "/v1/records",
        PostAsync,
        Roles.Ingest,
        "Takes in tool audit records, each in an item with its session, or bare with the header Audit-Session.",
        "One JSON object is answered with its receipt: 201 recorded, 200 duplicate, 409 violation, 422 invalid or refused. "
        + "A JSON array is answered with an array of receipts, NDJSON (application/x-ndjson) of any length with NDJSON receipts. "
        + "Content-Encoding gzip and br are accepted. With Prefer: return=minimal NDJSON answers only what was not recorded, and the counts.");

    private async Task PostAsync(HttpContext context)
    {
        var kind = KindOf(context.Request);
        if (kind is null || BodyDecoding.Refuse(context.Request) is not null)
        {
            await context.WriteProblemAsync(Problem.UnsupportedMedia(BodyDecoding.Refuse(context.Request) ?? AcceptedKinds(context.Request)));
            return;
        }

        var defaults = IntakeHeaders.Read(context, out var problem);
        problem ??= node.IsFull ? Problem.Full("As many records wait for their receipts as the node holds; send them again later.") : null;
        if (problem is not null)
        {
            await context.WriteProblemAsync(problem);
            return;
        }

        AllowAnyLength(context);
        await (kind == BodyKind.Lines ? PostLinesAsync(context, defaults) : PostWholeAsync(context, defaults));
    }

    private async Task PostLinesAsync(HttpContext context, ItemDefaults defaults)
    {
        if (!node.Places.TryEnterStream())
        {
            await context.WriteProblemAsync(Problem.Full($"{IntakeLimits.Streams} streams are open already; come again later."));
            return;
        }

        try
        {
            using var stream = new LineStream(node, context, defaults);
            await stream.RunAsync();
        }
        finally
        {
            node.Places.LeaveStream();
        }
    }

    private async Task PostWholeAsync(HttpContext context, ItemDefaults defaults)
    {
        try
        {
            using var body = await WholeBody.ReadAsync(context.Request, node.Places, context.RequestAborted);
            defaults = defaults with { ReceivedAt = node.Now };
            await (IsArray(body.Bytes.Span)
                ? ArrayIntake.AnswerAsync(node, context, body.Bytes, defaults)
                : AnswerOneAsync(context, body.Bytes, defaults));
        }
        catch (BodyRefusedException refused)
        {
            await context.WriteProblemAsync(refused.Problem);
        }
    }

    private async Task AnswerOneAsync(HttpContext context, ReadOnlyMemory<byte> item, ItemDefaults defaults)
    {
        var read = node.Items.Read(item, defaults);
        await context.WriteReceiptAsync(
            read.Submission is { } submission ? await node.SubmitAsync(submission) : Receipt.Invalid(read.Error!), node.Metrics);
    }

    /// <summary>Streams have no end that could be known, and live ones rest between records as long as they like.</summary>
    private static void AllowAnyLength(HttpContext context)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = null;
        }

        if (context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = null;
        }
    }

    private static BodyKind? KindOf(HttpRequest request)
    {
        var type = request.ContentType.AsSpan();
        var end = type.IndexOf(';');
        type = (end < 0 ? type : type[..end]).Trim();
        return type switch
        {
            "" => BodyKind.Whole,
            _ when type.Equals("application/json", StringComparison.OrdinalIgnoreCase) => BodyKind.Whole,
            _ when type.Equals("application/x-ndjson", StringComparison.OrdinalIgnoreCase)
                || type.Equals("application/ndjson", StringComparison.OrdinalIgnoreCase)
                || type.Equals("application/jsonl", StringComparison.OrdinalIgnoreCase) => BodyKind.Lines,
            _ => null,
        };
    }

    private static string AcceptedKinds(HttpRequest request) =>
        $"The Content-Type \"{request.ContentType}\" is not accepted; accepted are application/json (one object or an array) "
        + "and application/x-ndjson (one object a line).";

    private static bool IsArray(ReadOnlySpan<byte> body) => body.TrimStart(" \t\r\n"u8) is [(byte)'[', ..];

    private enum BodyKind : byte
    {
        Whole,
        Lines,
    }
}
