using Audit.Api.Access;
using Audit.Api.Answers;
using Audit.Api.Hosting;
using Audit.Api.Log;

namespace Audit.Api.Intake;

/// <summary>`POST /v1/ingest/{format}`: the streams of other systems.</summary>
internal sealed class FormatEndpoint(NodeParts node)
{
    public void Map(IEndpointRouteBuilder routes) => routes.Post(
        "/v1/ingest/{format}",
        PostAsync,
        Roles.Ingest,
        "Takes in what other systems say, as they say it: " + string.Join(", ", FormatReaders.Names) + ".",
        "NDJSON (application/x-ndjson) of any length is answered with NDJSON receipts, those of invalid events with their line, and "
        + "one line {\"status\":\"ignored\"} that counts, by type, the events that concern no call and no session. One JSON "
        + "object, as a hook posts it, or an array is answered with one object: {\"receipts\":[…],\"ignored\":{…}}. Content-Encoding "
        + "gzip and br are accepted. The same stream sent again, or half and then whole, tells nothing twice.",
        new QueryParameter("session", "The session of events that name none."),
        new QueryParameter("task", "The task of what is derived."),
        new QueryParameter("agent", "The agent of what is derived."),
        new QueryParameter(SealWait.Parameter, "sealed: hold the receipts until the log covers them."));

    private async Task PostAsync(HttpContext context)
    {
        var kind = BodyKinds.KindOf(context.Request);
        var query = new QueryReader(context.Request.Query);
        var defaults = FormatDefaults.Read(context, query, out var problem);
        var seal = SealWait.Read(node, context, query);
        var format = PathIds.Of(context, "format");
        var reader = node.Formats.Open(format, defaults.SessionId);
        problem = (reader is null ? Unknown(format) : null)
            ?? ((kind is null ? BodyKinds.Accepted(context.Request) : BodyDecoding.Refuse(context.Request)) is { } refusal
                ? Problem.UnsupportedMedia(refusal)
                : null)
            ?? problem ?? query.Problem
            ?? (node.IsFull ? Problem.Full("As many records wait for their receipts as the node holds; send it again later.") : null);
        if (problem is not null)
        {
            await context.WriteProblemAsync(problem);
            return;
        }

        BodyKinds.AllowAnyLength(context);
        var lines = new FormatLines(node, reader!);
        await (kind == BodyKind.Lines ? PostLinesAsync(context, lines, defaults, seal) : PostWholeAsync(context, lines, defaults, seal));
    }

    private static Problem Unknown(string format) =>
        Problem.NotFound($"The format \"{format}\" is not known; accepted are {string.Join(", ", FormatReaders.Names)}.");

    private async Task PostLinesAsync(HttpContext context, FormatLines lines, ItemDefaults defaults, SealWait? seal)
    {
        if (!node.Places.TryEnterStream())
        {
            await context.WriteProblemAsync(Problem.Full($"{IntakeLimits.Streams} streams are open already; come again later."));
            return;
        }

        try
        {
            using var stream = new LineStream(node, context, defaults, seal, lines);
            await stream.RunAsync();
        }
        finally
        {
            node.Places.LeaveStream();
        }
    }

    private async Task PostWholeAsync(HttpContext context, FormatLines lines, ItemDefaults defaults, SealWait? seal)
    {
        try
        {
            using var body = await WholeBody.ReadAsync(context.Request, node.Places, context.RequestAborted);
            var (receipts, problem) = await WholeFormatBody.SubmitAsync(
                node, body.Bytes, lines, defaults with { ReceivedAt = node.Now });
            if (problem is not null)
            {
                await context.WriteProblemAsync(problem);
                return;
            }

            await WriteAsync(context, receipts, lines, seal is null ? null : await seal.UntilAsync(receipts));
        }
        catch (BodyRefusedException refused)
        {
            await context.WriteProblemAsync(refused.Problem);
        }
    }

    /// <summary>
    /// Always 200: whoever posts a hook takes anything else for a failure of the hook, and what became of the event stands in
    /// the receipts, of which an event may have several.
    /// </summary>
    private async Task WriteAsync(HttpContext context, List<Receipt> receipts, FormatLines lines, long? sealedUpTo)
    {
        using var writer = new ReceiptWriter(512);
        writer.Write("{\"receipts\":["u8);
        for (var index = 0; index < receipts.Count; index++)
        {
            if (index > 0)
            {
                writer.Write((byte)',');
            }

            bool? isSealed = sealedUpTo is { } position ? receipts[index].Position <= position : null;
            writer.Write(index, receipts[index], isSealed: isSealed);
            node.Metrics.Count(receipts[index].Status);
        }

        writer.Write("],\"ignored\":"u8);
        lines.IgnoredEvents.Write(writer);
        writer.Write((byte)'}');
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = writer.Written.Length;
        await context.Response.Body.WriteAsync(writer.Written, context.RequestAborted);
    }
}
