using Audit.Api.Log;

namespace Audit.Api.Intake;

/// <summary>`POST /v1/records`: one object, an array, or NDJSON.</summary>
internal sealed class RecordEndpoint(RecordIntake intake) : IEndpointGroup
{
    public void Map(IEndpointRouteBuilder routes) => routes.Post(
        "/v1/records",
        PostAsync,
        Roles.Ingest,
        "Takes in tool audit records, each in an item with its session, or bare with the header Audit-Session.",
        "One JSON object is answered with its receipt: 201 recorded, 200 duplicate, 409 violation, 422 invalid or "
            + "refused, 503 unavailable. "
        + "A JSON array is answered with an array of receipts, NDJSON (application/x-ndjson) of any length with NDJSON "
        + "receipts. Content-Encoding gzip and br are accepted. With Prefer: return=minimal NDJSON answers only what "
        + "was not "
        + "recorded, and the counts. With ?wait=sealed receipts are held until a signed checkpoint of the log covers "
        + "them, and "
        + "say \"sealed\": true, the first 1,000 with their proofs: index and hashes, under the checkpoint that stands "
        + "with the first receipt which is proven by it; after 10 seconds they are given all the same, with \"sealed\": "
        + "false, and the rest "
        + "of a stream "
        + "is held no more. What was recorded is durable either way, and will be sealed. With Audit-Sign: 1 the node "
        + "signs the receipts of the answer: headers Audit-Signature and Audit-Certificate, or the last line of NDJSON.",
        new QueryParameter(SealWait.Parameter, "sealed: hold the receipts until the log covers them."))
        .Produces<ReceiptAnswer>(StatusCodes.Status201Created).Produces<ReceiptAnswer>()
        .Produces<ReceiptAnswer>(StatusCodes.Status409Conflict)
        .Produces<ReceiptAnswer>(StatusCodes.Status422UnprocessableEntity).Scoped(Scope.Own);

    private async Task<IResult> PostAsync(HttpContext context)
    {
        var answer = await intake.BeginAsync(context, "them");
        var defaults = IntakeHeaders.Read(context);
        var lines = new RecordLines(intake.Items);
        return await (answer.Kind == BodyKind.Lines
            ? intake.TakeLinesAsync(context, defaults, answer, lines)
            : TakeWholeAsync(context, defaults, answer, lines));
    }

    private async Task<IResult> TakeWholeAsync(
        HttpContext context, ItemDefaults defaults, IntakeAnswer answer, RecordLines lines)
    {
        using var body = await WholeBody.ReadAsync(context, intake);
        defaults = defaults with { ReceivedAt = intake.Now };
        if (!BodyKinds.IsArray(body.Bytes.Span))
        {
            var read = intake.Items.Read(body.Bytes, defaults);
            var receipt = read.Submission is { } submission
                ? await intake.SubmitAsync(submission)
                : Receipt.Invalid(read.Error!);
            context.NoteOutside(receipt);
            var sealedThen = await intake.KnownOfAsync(answer, [receipt]);
            await answer.SignAsync(context, [receipt]);
            return intake.Answer(receipt, known: sealedThen);
        }

        var receipts = await intake.TakeArrayAsync(body.Bytes, lines, defaults);
        var known = await intake.KnownOfAsync(answer, receipts);
        await answer.SignAsync(context, receipts);
        if (receipts.Exists(receipt => receipt.Status == ReceiptStatus.Unavailable))
        {
            context.Response.Headers.RetryAfter =
                Problem.SecondsOfUnavailable.ToString(CultureInfo.InvariantCulture);
        }

        using var writer = new ReceiptWriter(256);
        writer.WriteAll(receipts, known, new ReceiptCounts(context));
        return Reply.Content(writer.Written, "application/json");
    }
}
