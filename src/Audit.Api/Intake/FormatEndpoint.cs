using Audit.Api.Log;

namespace Audit.Api.Intake;

/// <summary>`POST /v1/ingest/{format}`: the streams of other systems.</summary>
internal sealed class FormatEndpoint(RecordIntake intake, FormatReaders formats, TraceSessions traces, IJournal journal)
    : IEndpointGroup
{
    public void Map(IEndpointRouteBuilder routes) => routes.Post(
        "/v1/ingest/{format}",
        PostAsync,
        Roles.Ingest,
        "Takes in what other systems say, as they say it: " + string.Join(", ", FormatReaders.Names)
            + ", or auto, which tells it by the first events and says which it is.",
        "NDJSON (application/x-ndjson) of any length is answered with NDJSON receipts, those of invalid events with "
            + "their line, and "
        + "one line {\"status\":\"ignored\"} that counts, by type, the events that concern no call and no session. "
        + "One JSON "
        + "object, as a hook posts it, or an array is answered with one object: {\"receipts\":[…],\"ignored\":{…}}. "
        + "Content-Encoding "
        + "gzip and br are accepted. The same stream sent again, or half and then whole, records nothing twice.",
        new QueryParameter("session", "The session of events that name none."),
        new QueryParameter("task", "The task of what is derived."),
        new QueryParameter("agent", "The agent of what is derived."),
        new QueryParameter(SealWait.Parameter, "sealed: hold the receipts until the log covers them."))
        .Produces<FormatAnswer>().Scoped(Scope.Own);

    private async Task<IResult> PostAsync(HttpContext context)
    {
        var format = context.PathId("format");
        if (format != FormatReaders.Auto && !FormatReaders.Names.Contains(format))
        {
            return Problem.NotFound(
                $"The format \"{format}\" is not known; accepted are auto, {string.Join(", ", FormatReaders.Names)}.");
        }

        var answer = await intake.BeginAsync(context, "it");
        var defaults = IntakeHeaders.ReadWithQuery(context);
        var lines = new FormatLines(intake, journal, formats.Open(format, defaults.SessionId, defaults.Source)!, traces);
        return await (answer.Kind == BodyKind.Lines
            ? intake.TakeLinesAsync(context, defaults, answer, lines)
            : TakeWholeAsync(context, defaults, answer, lines));
    }

    /// <summary>
    /// Always 200: whoever posts a hook takes anything else for a failure of the hook, and what became of the event
    /// stands in the receipts, of which an event may have several.
    /// </summary>
    private async Task<IResult> TakeWholeAsync(
        HttpContext context, ItemDefaults defaults, IntakeAnswer answer, FormatLines lines)
    {
        using var body = await WholeBody.ReadAsync(context, intake);
        var receipts = await lines.TakeAsync(body.Bytes, defaults with { ReceivedAt = intake.Now });
        var known = await intake.KnownOfAsync(answer, receipts);
        await answer.SignAsync(context, receipts);
        using var writer = new ReceiptWriter(512);
        writer.Write("{\"receipts\":"u8);
        writer.WriteAll(receipts, known, new ReceiptCounts(context));
        writer.Write(",\"ignored\":"u8);
        lines.WriteIgnored(writer);
        writer.Write((byte)'}');
        return Reply.Content(writer.Written, "application/json");
    }
}
