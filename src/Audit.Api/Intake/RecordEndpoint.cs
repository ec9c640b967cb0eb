using Audit.Api.Access;
using Audit.Api.Answers;
using Audit.Api.Hosting;
using Audit.Api.Log;

namespace Audit.Api.Intake;

/// <summary>`POST /v1/records`: one object, an array, or NDJSON.</summary>
internal sealed class RecordEndpoint(NodeParts node)
{
    public void Map(IEndpointRouteBuilder routes) => routes.Post(
        "/v1/records",
        PostAsync,
        Roles.Ingest,
        "Takes in tool audit records, each in an item with its session, or bare with the header Audit-Session.",
        "One JSON object is answered with its receipt: 201 recorded, 200 duplicate, 409 violation, 422 invalid or refused. "
        + "A JSON array is answered with an array of receipts, NDJSON (application/x-ndjson) of any length with NDJSON "
        + "receipts. Content-Encoding gzip and br are accepted. With Prefer: return=minimal NDJSON answers only what was not "
        + "recorded, and the counts. With ?wait=sealed receipts are held until a signed checkpoint of the log covers them, and "
        + "say \"sealed\": true; after 10 seconds they are given all the same, with \"sealed\": false, and the rest of a stream "
        + "is held no more. What was recorded is durable either way, and will be sealed.",
        new QueryParameter(SealWait.Parameter, "sealed: hold the receipts until the log covers them."));

    private async Task PostAsync(HttpContext context)
    {
        var kind = BodyKinds.KindOf(context.Request);
        if ((kind is null ? BodyKinds.Accepted(context.Request) : BodyDecoding.Refuse(context.Request)) is { } refusal)
        {
            await context.WriteProblemAsync(Problem.UnsupportedMedia(refusal));
            return;
        }

        var defaults = IntakeHeaders.Read(context, out var problem);
        var query = new QueryReader(context.Request.Query);
        var seal = SealWait.Read(node, context, query);
        problem ??= query.Problem;
        problem ??= node.IsFull
            ? Problem.Full("As many records wait for their receipts as the node holds; send them again later.")
            : null;
        if (problem is not null)
        {
            await context.WriteProblemAsync(problem);
            return;
        }

        BodyKinds.AllowAnyLength(context);
        await (kind == BodyKind.Lines ? PostLinesAsync(context, defaults, seal) : PostWholeAsync(context, defaults, seal));
    }

    private async Task PostLinesAsync(HttpContext context, ItemDefaults defaults, SealWait? seal)
    {
        if (!node.Places.TryEnterStream())
        {
            await context.WriteProblemAsync(Problem.Full($"{IntakeLimits.Streams} streams are open already; come again later."));
            return;
        }

        try
        {
            using var stream = new LineStream(node, context, defaults, seal, new RecordLines(node.Items));
            await stream.RunAsync();
        }
        finally
        {
            node.Places.LeaveStream();
        }
    }

    private async Task PostWholeAsync(HttpContext context, ItemDefaults defaults, SealWait? seal)
    {
        try
        {
            using var body = await WholeBody.ReadAsync(context.Request, node.Places, context.RequestAborted);
            defaults = defaults with { ReceivedAt = node.Now };
            await (BodyKinds.IsArray(body.Bytes.Span)
                ? ArrayIntake.AnswerAsync(node, context, body.Bytes, defaults, seal)
                : AnswerOneAsync(context, body.Bytes, defaults, seal));
        }
        catch (BodyRefusedException refused)
        {
            await context.WriteProblemAsync(refused.Problem);
        }
    }

    private async Task AnswerOneAsync(
        HttpContext context, ReadOnlyMemory<byte> item, ItemDefaults defaults, SealWait? seal)
    {
        var read = node.Items.Read(item, defaults);
        var receipt = read.Submission is { } submission ? await node.SubmitAsync(submission) : Receipt.Invalid(read.Error!);
        bool? isSealed = seal is null ? null : receipt.Position <= await seal.UntilAsync([receipt]);
        await context.WriteReceiptAsync(receipt, node.Metrics, isSealed: isSealed);
    }
}
