namespace Audit.Api.Acting;

/// <summary>
/// `/v1/tokens`: makes, lists and revokes tokens, each of which is shown once, when it is made; and `/v1/sources`.
/// </summary>
internal sealed class TokenEndpoints(
    TokenBook book, SourceBook sources, IAuditStore store, PeopleNow people) : IEndpointGroup
{
    // A binding that is misspelt would be none.
    private static readonly string[] Members =
        ["name", "roles", "person", "source", "agents", "tasks", "sources", "expires"];

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.Post(
            "/v1/tokens", CreateAsync, Roles.Admin, "Makes a token.",
            "The body is {name, roles[], person?, source?, agents[]?, tasks[]?, sources[]?, expires?}; the role ingest "
            + "needs a source, expires is a length of time such as 30d. The answer holds the token, "
            + "which is not shown again.")
            .Produces<NewTokenAnswer>(StatusCodes.Status201Created).Scoped(Scope.Administration);
        routes.Get("/v1/tokens", ListAsync, Roles.Admin, "Lists the tokens, revoked ones too.")
            .Produces<ItemPage<TokenAnswer>>().Scoped(Scope.Administration);
        routes.Delete(
            "/v1/tokens/{name}", context => RevokeAsync(context, context.PathId("name")), Roles.Admin,
            "Revokes a token.")
            .Produces(StatusCodes.Status204NoContent).Scoped(Scope.Administration);
        routes.Delete(
            "/v1/token",
            context => RevokeAsync(context, context.Query().RequiredId("name")),
            Roles.Admin,
            "Revokes a token.",
            "For names that a path cannot carry.", new QueryParameter("name", "The token's name.", Required: true))
            .Produces(StatusCodes.Status204NoContent).Scoped(Scope.Administration);
        routes.Get("/v1/sources", ListSourcesAsync, Roles.Admin, "Lists the sources, each with its number.")
            .Produces<ItemPage<SourceAnswer>>().Scoped(Scope.Administration);
        routes.Post(
            "/v1/sources/links", LinkAsync, Roles.Admin, "Links two sources.",
            "The body is {sources[]}, with two names. What they report under one session_id is shown side by side, "
            + "and is never merged.")
            .Produces<SourceLinkAnswer>(StatusCodes.Status201Created).Produces<SourceLinkAnswer>()
            .Scoped(Scope.Administration);
    }

    /// <summary>A token as the wire shows it.</summary>
    public static TokenAnswer AnswerOf(TokenRow row) => new(
        row.Name, row.Roles, row.Person, row.Source?.Name, row.Bound.Agents, row.Bound.Tasks, row.Bound.Sources,
        row.CreatedAt.UtcDateTime, row.CreatedBy, row.ExpiresAt?.UtcDateTime, row.LastUsedAt?.UtcDateTime,
        row.RevokedAt?.UtcDateTime, row.IsProven);

    private static NewTokenAnswer NewAnswerOf(TokenRow row, string text) => new(
        row.Name, row.Roles, row.Person, row.Source?.Name, row.Bound.Agents, row.Bound.Tasks, row.Bound.Sources,
        row.ExpiresAt?.UtcDateTime, text);

    public static SourceAnswer AnswerOf((SourceRow Source, IReadOnlyList<string> Linked) known) => new(
        known.Source.Number, known.Source.Name, known.Source.CreatedAt.UtcDateTime, known.Source.CreatedBy,
        known.Source.IsProven, known.Linked);

    /// <exception cref="UnreadableException">There may be no such token.</exception>
    public static NewToken ReadWanted(StrictObject body)
    {
        body.RequireOnly(Members);
        var name = body.RequiredId("name");
        var expires = body.Text("expires");
        TimeSpan? lasts = expires is null ? null
            : DurationText.TryParse(expires, out var length) ? length
            : throw new UnreadableException(
                "expires", $"\"{expires}\" is not accepted; accepted is {DurationText.Accepted}");
        var wanted = new NewToken(
            name, [.. (body.Texts("roles", RoleNames.All.Count) ?? []).Distinct()], body.Id("person") ?? name,
            body.Id("source"), new TokenBounds(Names(body, "agents"), Names(body, "tasks"), Names(body, "sources")),
            lasts);
        return wanted.Refuse() is var (member, sentence) ? throw new UnreadableException(member, sentence) : wanted;
    }

    private static string[] Names(StrictObject body, string name) =>
        [.. (body.Texts(name, NewToken.MostBounds) ?? []).Select((id, index) =>
            Ids.Refuse(id, Ids.MaxBytes) is { } refusal
                ? throw new UnreadableException($"{name}[{index}]", refusal) : id).Distinct()];

    private async Task<IResult> CreateAsync(HttpContext context)
    {
        var wanted = ReadWanted(await context.ReadObjectAsync());
        var made = await book.CreateAsync(wanted, Actor.Of(context.Bearer()), context.RequestAborted);
        people.LookAgain();
        return made is var (row, text)
            ? Reply.Json(NewAnswerOf(row, text), StatusCodes.Status201Created)
            : Problem.Conflict(TokenBook.TakenSentence(wanted.Name));
    }

    private async Task<IResult> ListAsync(HttpContext context)
    {
        var rows = await store.Tokens.ListAsync(context.RequestAborted);
        var tokens = await people.AsTheyAreAsync(rows, context.RequestAborted);
        return Reply.Json(new ItemPage<TokenAnswer>([.. tokens.Select(AnswerOf)], null));
    }

    private async Task<IResult> ListSourcesAsync(HttpContext context) => Reply.Json(new ItemPage<SourceAnswer>(
        [.. (await sources.ListAsync(context.RequestAborted)).Select(AnswerOf)], null));

    private async Task<IResult> LinkAsync(HttpContext context)
    {
        var body = await context.ReadObjectAsync();
        body.RequireOnly(["sources"]);
        var named = Names(body, "sources");
        if (named.Length != 2)
        {
            throw new UnreadableException(
                "sources", "accepted are the names of two sources that differ, such as [\"hooks\", \"exporter\"]");
        }

        var isNew = await sources.LinkAsync(named[0], named[1], Actor.Of(context.Bearer()), context.RequestAborted);
        people.LookAgain();
        return Reply.Json(
            new SourceLinkAnswer(named, isNew ? ReceiptLine.Recorded : ReceiptLine.Duplicate),
            isNew ? StatusCodes.Status201Created : StatusCodes.Status200OK);
    }

    private async Task<IResult> RevokeAsync(HttpContext context, string name) =>
        await book.RevokeAsync(name, Actor.Of(context.Bearer()), context.RequestAborted)
            ? Results.NoContent()
            : Problem.NotFound(TokenBook.UnknownSentence(name));
}
