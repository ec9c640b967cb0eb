using Audit.Integrity.Rows;

namespace Audit.Api.Reading;

/// <summary>
/// The session or the call that a request is about. A session belongs to a source: the one that the request names, else
/// the one that the token reports as or is bound to, else the only one that reports such a session.
/// </summary>
internal static class SessionOfRequest
{
    private const string Parameter = "source";

    /// <exception cref="RefusedException">There is none, or several sources report one of this id.</exception>
    public static Task<SessionName> SessionAsync(this HttpContext context) =>
        context.SessionAsync(context.SessionId(), context.Source());

    public static Task<CallAddress> CallAsync(this HttpContext context) =>
        context.CallAsync(context.SessionId(), context.Id("call", Ids.MaxCallBytes), context.Source());

    public static async Task<CallAddress> CallAsync(
        this HttpContext context, string session, string call, string? source) => new(
        await context.SessionAsync(session, source, $"a call \"{call}\"", () => CallAddress.NotFound(session, call)),
        call);

    /// <summary>The source that the query names.</summary>
    public static string? Source(this HttpContext context) => context.Query().Id(Parameter, isSession: true);

    /// <param name="source">As the request names it; null where it does not.</param>
    /// <param name="what">What several sources may have.</param>
    public static async Task<SessionName> SessionAsync(
        this HttpContext context, string id, string? source, string? what = null, Func<Problem>? notFound = null)
    {
        var bearer = context.Bearer();
        if ((source ?? bearer.OnlySource) is { } only)
        {
            return new SessionName(only, id);
        }

        // Whichever source reports one now: what is written shall not depend on it.
        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
        {
            throw new RefusedException(Problem.BadParameter(
                Parameter, "missing; whoever writes and is not bound to one source says whose session it is."));
        }

        var reads = context.RequestServices.GetRequiredService<ReadSide>();
        await reads.CatchUpAsync(Questions.Patience, context.RequestAborted);
        var sources = await context.Reads().Models.SourcesOfAsync(id, context.RequestAborted);
        return sources switch
        {
            [var one] => new SessionName(one, id),
            [] => throw new RefusedException(
                await context.ArchivedAsync(id) ?? notFound?.Invoke() ?? NoSession(id)),
            _ => throw new RefusedException(Problem.Several(
                $"{what ?? "a session"} of the session id \"{id}\"", [.. sources.Select(context.ChoiceOf)])),
        };
    }

    /// <summary>Sources linked with the session's that report a session of its id, as far as the reader sees.</summary>
    public static async Task<IReadOnlyList<string>> LinkedAsync(this HttpContext context, SessionName session)
    {
        var people = context.RequestServices.GetRequiredService<PeopleNow>();
        var linked = await people.LinkedWithAsync(session.Source, context.RequestAborted);
        return linked.Count == 0 ? linked
            : [.. (await context.Reads().Models.SourcesOfAsync(session.Id, context.RequestAborted)).Intersect(linked)];
    }

    /// <summary>Where a session is whose rows were cut, or a call of it; null where none is to be told of.</summary>
    public static async Task<Problem?> ArchivedAsync(
        this HttpContext context, string id, string? source = null, string? call = null) =>
        await context.FindArchivedAsync(id, source, call) is { } where ? Problem.Archived($"Its rows {where}") : null;

    /// <summary>
    /// The same beside a session that is shown: one that went on has rows of before there, and who named no source may
    /// have meant another's. Null where there is nothing to say.
    /// </summary>
    public static async Task<string?> ArchivedBesideAsync(this HttpContext context, SessionName session) =>
        await context.FindArchivedAsync(session.Id, session.Source) is { } own ? $"Rows of it {own}"
        : context.Source() is null && context.Bearer().OnlySource is null
            && await context.FindArchivedAsync(session.Id) is { } others
        ? $"Rows of a session of this id that another source reported {others}" : null;

    private static async Task<string?> FindArchivedAsync(
        this HttpContext context, string id, string? source = null, string? call = null)
    {
        var store = context.RequestServices.GetRequiredService<IAuditStore>();
        if (!context.Reads().Scope.IsAll)
        {
            return null;
        }

        IEnumerable<string> sources = source is not null ? [source]
            : (await store.Sources.ListAsync(context.RequestAborted)).Select(one => one.Name);
        var cut = await store.FindCutAsync(
            sources.Select(one => new SessionName(one, id)).SelectMany(session => call is null
                ? [StreamNames.CallsOf(StreamNames.Session(session)), Only(StreamNames.Session(session))]
                : new[] { Only(StreamNames.Call(session, call)) }),
            context.RequestAborted);
        if (cut is not { } position || await store.Opened.ReadRowAsync(position, context.RequestAborted) is not
            { PersistenceId: StreamNames.Keeping, IsProven: true } row)
        {
            return null;
        }

        var rows = DisposedRows.Of(JsonElement.Parse(EventReader.ViewOf(row).Raw(EventField.Facts)));
        return
            $"were cut on {new DateTime(row.CreatedTicks, DateTimeKind.Utc):yyyy-MM-dd} by rules of "
            + $"retention, and are archived in segment {rows.Segment} (SHA-256 {rows.Sha256}), which lay in "
            + $"{rows.To} then: audit archive open shows it.";

        static (string First, string End) Only(string stream) => (stream, stream + '\u0001');
    }

    public static Problem NoSession(string id) =>
        Problem.NotFound($"There is no session \"{id}\" that this token may see.");

    private static (string Source, string Href) ChoiceOf(this HttpContext context, string source)
    {
        var request = context.Request;
        return (source, request.PathBase + request.Path + request.QueryString.Add(Parameter, source));
    }
}
