using System.Data.Common;
using Audit.Api.Diary;
using Audit.Api.Intake;
using Audit.Api.Log;
using Audit.Api.Reading;

namespace Audit.Api.Cases;

/// <summary>
/// `/v1/cases`: what a person puts together of calls, windows and searches for others to read. Notes may speak of
/// anything, so that no case is for a token that sees a part of the book.
/// </summary>
internal sealed class CaseEndpoints(CaseBook book, CaseLooks looks, CaseActs acts, CaseExport export) : IEndpointGroup
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.Get(
            "/v1/cases", ListAsync, Roles.Read | CaseBook.MayWrite, "Lists the cases, newest first.", "",
            new("open", "true for open ones only, false for closed ones only."), QueryParameter.Limit,
            QueryParameter.Cursor)
            .Produces<ItemPage<CaseAnswer>>().Scoped(Scope.Unbound);
        routes.Get(
            "/v1/cases/{id}", OneAsync, Roles.Read | CaseBook.MayWrite,
            "Shows a case: its pins with what each comes to now, its notes, and who did what.")
            .Produces<CaseAnswer>().Scoped(Scope.Unbound);
        routes.Get(
            "/v1/cases/{id}/export", export.SendAsync, Roles.Read | Roles.Export,
            "The case as one zip file, which `audit verify --bundle` verifies.",
            "report.html for people, and as in /v1/log/bundle the rows that it is about, with their proofs, keys and "
            + "the checkpoint. That it was exported, and the report's hash, is written into the case.")
            .WithMetadata(CopyMark.Copy).Scoped(Scope.Unbound);
        routes.Post(
            "/v1/cases", OpenAsync, CaseBook.MayWrite, "Opens a case.", "The body is {title}.")
            .Produces<CaseAnswer>(StatusCodes.Status201Created).Scoped(Scope.Unbound);
        Act(
            "pins", "Pins a call, a window or a search to a case.",
            "The body is {source, session_id, tool_call_id}, {window_id} or {query}, and note?. What is pinned is "
            + "there.");
        Act("unpin", "Takes a pin away; that it was there stays.", "The body is {pin, note?}.");
        Act("notes", "Adds a note to a case.", "The body is {note}. It passes redaction.");
        Act("close", "Closes a case, for good.", "The body is {note?}.");

        void Act(string what, string summary, string body) => routes.Post(
            "/v1/cases/{id}/" + what, context => ActAsync(context, what), CaseBook.MayWrite, summary, body)
            .Produces<CaseAnswer>().Scoped(Scope.Unbound);
    }

    private async Task<IResult> ListAsync(HttpContext context)
    {
        var (query, scope) = (context.Query(), context.Reads().Scope);
        var (cases, next) = await book.ListAsync(
            query.Limit(), query.Cursor(scope), query.Flag("open"), context.RequestAborted);
        return Reply.Json(new ItemPage<CaseAnswer>(
            [.. cases.Select(Of)], next is { } place ? scope.WriteCursor(place) : null));
    }

    private Task<IResult> OneAsync(HttpContext context) => AnswerAsync(context, context.PathId("id"), 200);

    private async Task<IResult> OpenAsync(HttpContext context)
    {
        var opened = await book.OpenAsync(
            await context.ReadObjectAsync(), context.Bearer(), context.RequestAborted);
        return await AnswerAsync(context, opened.Id, StatusCodes.Status201Created);
    }

    private async Task<IResult> ActAsync(HttpContext context, string what)
    {
        var id = context.PathId("id");
        await acts.DoAsync(
            what, id, await context.ReadObjectAsync(), context.Bearer(), context.Reads(), context.RequestAborted);
        return await AnswerAsync(context, id, StatusCodes.Status200OK);
    }

    private async Task<IResult> AnswerAsync(HttpContext context, string id, int status)
    {
        var file = await book.FindAsync(id, context.RequestAborted);
        var found = await looks.OfAsync(file.Pins, context.Reads(), context.Bearer(), context.RequestAborted);
        return Reply.Json(
            Of(file.Summary) with
            {
                Pinned = [.. found.Select(Of)],
                History =
                [
                    .. file.History.Select(act => new CaseActAnswer(
                        act.Position, act.Act, act.By, WireOf.Of(act.At), act.Text, act.Pin, act.Sha256)),
                ],
            },
            status);
    }

    private static CaseAnswer Of(CaseSummary one) => new(
        one.Id, one.Title, one.State, one.Opening.By, WireOf.Of(one.Opening.At), one.Closing?.By,
        WireOf.Time(one.Closing?.At), one.Pins, one.Notes, WireOf.Of(one.LastAt));

    private static PinAnswer Of(PinLook look)
    {
        var pin = look.Pin;
        return new PinAnswer(
            pin.Number, SourceOf(pin), SessionOf(pin), pin.Call, pin.Window, pin.Query, pin.Note,
            pin.By, WireOf.Of(pin.At), pin.Through, look.Sentence?.Text)
        {
            Cut = look.IsCut,
        };
    }

    internal static string? SourceOf(CasePin pin) => pin.Call is null ? null : pin.Session.Source;

    internal static string? SessionOf(CasePin pin) => pin.Call is null ? null : pin.Session.Id;
}

/// <summary>What is done with a case, however it comes: by the API or by a page.</summary>
internal sealed class CaseActs(CaseBook book, CaseLooks looks, RecordIntake intake)
{
    private static readonly string[] OfPin =
        ["source", "session_id", "tool_call_id", "window_id", "query", "note"];

    /// <param name="what">pins, unpin, notes or close.</param>
    /// <exception cref="RefusedException">It cannot be done.</exception>
    public async Task<Receipt> DoAsync(
        string what, string id, StrictObject body, Bearer actor, ScopedReads own, CancellationToken cancellation)
    {
        body.RequireOnly(what switch { "pins" => OfPin, "unpin" => ["pin", "note"], _ => ["note"] });
        var note = CaseBook.Said(body, "note", CaseBook.LongestNote, isNeeded: what == "notes");
        switch (what)
        {
            case "pins":
                var look = await LookAsync(body, note, actor, own, cancellation);
                return await book.ActAsync(id, actor, file => PinOf(file, look), cancellation);
            case "unpin":
                var pin = body.RequiredNumber("pin");
                return await book.ActAsync(
                    id, actor,
                    file => file.Pins.Any(one => one.Number == pin)
                        ? new CaseDraft(CaseFile.Unpinned, [("pin", Text(pin))], Noted(note))
                        : throw new RefusedException(Problem.NotFound($"The case has no pin {pin}.")),
                    cancellation);
            default:
                var act = what == "notes" ? CaseFile.Noted : CaseFile.Closed;
                return await book.ActAsync(id, actor, _ => new CaseDraft(act, [], Noted(note)), cancellation);
        }
    }

    /// <summary>What is to be pinned, which is there.</summary>
    private async Task<PinLook> LookAsync(
        StrictObject body, string? note, Bearer actor, ScopedReads own, CancellationToken cancellation)
    {
        var (source, session, call) = (
            body.Id("source"), body.Id("session_id"), body.Id("tool_call_id", Ids.MaxCallBytes));
        var (window, query) = (body.Id("window_id"), body.Text("query"));
        var isCall = source is not null && session is not null && call is not null;
        if ((isCall ? 1 : 0) + (window is null ? 0 : 1) + (query is null ? 0 : 1) != 1
            || (!isCall && (source ?? session ?? call) is not null))
        {
            throw new UnreadableException(
                "tool_call_id",
                "a call is named by its source, its session and its id, or a window by its id, or there is a query");
        }

        if (query is { Length: > SearchEndpoints.LongestQuery })
        {
            throw new UnreadableException(
                "query", $"{query.Length} characters; at most {SearchEndpoints.LongestQuery} are accepted");
        }

        if (query is not null)
        {
            // What cannot be read is refused with the place of the fault.
            _ = own.Search.Parse(query);
        }

        var pin = new CasePin(
            0, new SessionName(source ?? "", session ?? ""), call, window, query, note, actor.Name, intake.Now, null);
        var look = (await looks.OfAsync([pin], own, actor, cancellation))[0];
        return look.Sentence is not null ? look
            : throw new RefusedException(
                isCall ? CallAddress.NotFound(session!, call!) : WindowOfRequest.NoWindow(window!));
    }

    private static CaseDraft PinOf(CaseFile file, PinLook look)
    {
        var pin = look.Pin;
        if (file.Pins.Count >= CaseBook.MostPins)
        {
            throw new RefusedException(Problem.Unprocessable(
                $"The case has {CaseBook.MostPins} pins, which is the most; open another one."));
        }

        if (file.Pins.FirstOrDefault(one => one.IsOf(pin) && pin.Query is null) is { } known)
        {
            throw new RefusedException(Problem.Conflict($"It is pinned already, as pin {known.Number}."));
        }

        var through = look.Window?.LastPosition
            ?? look.Calls.Select(call => call.LastPosition).DefaultIfEmpty().Max();
        return new CaseDraft(
            CaseFile.Pinned,
            [
                ("kind", pin.Call is not null ? "call" : pin.Window is not null ? "window" : "search"),
                ("source", CaseEndpoints.SourceOf(pin)), ("session_id", CaseEndpoints.SessionOf(pin)),
                ("tool_call_id", pin.Call), ("window_id", pin.Window),
                ("through", through > 0 ? Text(through) : null),
            ],
            [.. Noted(pin.Note), .. pin.Query is null ? [] : new (string, string?)[] { ("query", pin.Query) }]);
    }

    private static (string, string?)[] Noted(string? note) => note is null ? [] : [("text", note)];

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}

/// <summary>
/// Gives a case as a bundle: the page for people, whose hash goes into the case first and is sealed there, and then the
/// rows of the case and of all that it is about.
/// </summary>
internal sealed class CaseExport(
    CaseBook book, CaseLooks looks, NodeLog log, RecordIntake intake, ApiSettings settings, FailureLog failures)
{
    public async Task<IResult> SendAsync(HttpContext context)
    {
        var (bearer, cancellation) = (context.Bearer(), context.RequestAborted);
        var file = await book.FindAsync(context.PathId("id"), cancellation);
        var found = await looks.OfAsync(file.Pins, context.Reads(), bearer, cancellation);
        var head = await log.TryHeadAsync(cancellation);
        var page = new CaseReport(file, found, head?.Log.Origin, bearer.PersonBesideName ?? bearer.Name, intake.Now);
        var report = new BundleReport(page.ToHtml());
        var written = await book.ActAsync(
            file.Id, bearer, _ => new CaseDraft(BundleReport.Act, [(BundleReport.HashMember, report.Sha256)]),
            cancellation, isLate: true);
        await RequireSealedAsync(written.Position, cancellation);
        var streams = StreamsOf(file, found);
        return await BundleScopes.SendAsync(
            context, $"case-{file.Id}.zip", settings.Store, log.Entries,
            new BundleScope(
                $"of the case \"{file.Id}\", for the token \"{bearer.Name}\"",
                (stream, _) => streams.Contains(Encoding.UTF8.GetString(stream)))
            {
                HasContents = true, Report = report,
            },
            failures);
    }

    private static HashSet<string> StreamsOf(CaseFile file, IReadOnlyList<PinLook> looks) =>
    [
        StreamNames.Case(file.Id),
        .. looks.Select(look => look.Pin.Window).OfType<string>().Select(StreamNames.Window),
        .. looks.SelectMany(look => look.Calls).Select(call => StreamNames.Call(call.SessionName, call.CallId)),
    ];

    private async Task RequireSealedAsync(long position, CancellationToken cancellation)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation, intake.Stopping);
        patience.CancelAfter(log.WaitPatience);
        var isSealed = false;
        try
        {
            isSealed = await log.Sealer.WaitForSealedAsync(position, patience.Token);
        }
        catch (Exception failure) when (failure is DbException or LogDamagedException
            || (failure is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            failures.Report("seal of a case", failure);
        }

        if (!isSealed)
        {
            throw new RefusedException(Problem.Unavailable(
                $"The case is written up to position {position}, and no checkpoint covers that yet: the log seals no "
                + "more, or is behind. What is exported is sealed before."));
        }
    }
}
