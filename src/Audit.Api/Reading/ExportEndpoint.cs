using Audit.Api.Diary;

namespace Audit.Api.Reading;

/// <summary>`GET /v1/export`: the book, or a part of it, for other people's stores and tables.</summary>
internal sealed class ExportEndpoint(
    IJournal journal, IAuditStore store, IHostApplicationLifetime life, FailureLog failures) : IEndpointGroup
{
    /// <summary>Behind a body that is not all of what was asked for; its last line says why.</summary>
    public const string Stopped = "Audit-Stopped";

    /// <summary>Where the export will end, for whoever shows its progress.</summary>
    public const string LastPosition = "Audit-Last-Position";

    public void Map(IEndpointRouteBuilder routes) => routes.Get(
        "/v1/export", GetAsync, Roles.Read | Roles.Export, "Exports the journal, oldest first, as a stream.",
        "ndjson: a line for each row, as /v1/events has it. csv: a row for each event (RFC 4180; what a spreadsheet "
            + "would take for a "
        + "formula is disarmed by an apostrophe). session: one line of text for each task window, and for what a "
        + "session did outside "
        + "of any: who, which task, when, who approved, and the commands with their times.",
        new("format", "ndjson (the default), csv or session."), new("session", "Only this session."),
        new("source", "Only what this source reported."),
        new("task", "Only the windows, notes and calls of this task."),
        new("window", "Only this window and what was done in it."),
        new("keys", "true: with each row as it is stored (`stored`), and the key of its call (`key`), which opens it; "
            + "for ndjson."),
        new("after", "Only what is after this position or time."),
        new("before", "Only what is before this position or time."))
        .WithMetadata(CopyMark.Copy).Scoped(Scope.Binding);

    private async Task<IResult> GetAsync(HttpContext context)
    {
        var query = context.Query();
        var filter = new RowFilter(context.Reads().Scope, context.Bearer().SeesAdministration);
        var request = ExportRequest.Read(query.Text, query.Refuse, filter.Scope);
        if (request.Window is { } window)
        {
            request = request with { Window = await context.WindowAsync(window, request.Source, "window") };
        }

        var response = context.Response;
        response.ContentType = request.ContentType;
        // Before the row of the diary: what is in the export was in the book when that was written.
        var last = await journal.LastPositionAsync(context.RequestAborted);
        if (filter.Scope.Veil is null)
        {
            response.Headers[LastPosition] = last.ToString(CultureInfo.InvariantCulture);
        }

        await context.BeforeAnswerAsync(StatusCodes.Status200OK);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(
            context.RequestAborted, life.ApplicationStopping);
        try
        {
            var away = await new JournalExport(journal, store.Seal.Payloads, request, filter, last).RunAsync(
                piece => response.Body.WriteAsync(piece, stop.Token), (_, _) => { }, stop.Token);
            if (away is not null)
            {
                failures.Report("export", away);
                if (response.SupportsTrailers())
                {
                    response.AppendTrailer(Stopped, "true");
                }
            }
        }
        catch (TooManyCallsException tooMany)
        {
            response.Clear();
            return Problem.Unprocessable(tooMany.Message);
        }
        catch (OperationCanceledException) when (life.ApplicationStopping.IsCancellationRequested)
        {
            // Cut, so that it cannot be taken for the end.
            context.Abort();
        }

        return Reply.Sent;
    }
}
