using Audit.Api.Diary;

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

/// <summary>
/// Makes and revokes tokens and writes each act down, for those who come over HTTP and those who open the store.
/// </summary>
internal sealed class TokenBook(
    IAuditStore store, SourceBook sources, OperatorActs acts, TimeProvider clock, BearerTokens? known = null)
{
    /// <returns>The row and the text of the token, or null when its name was given before.</returns>
    /// <exception cref="RefusedException">A name in it holds a secret, or looks like another.</exception>
    public async Task<(TokenRow Row, string Text)?> CreateAsync(
        NewToken wanted, Actor actor, CancellationToken cancellation)
    {
        RefuseSecrets(wanted);
        await RefuseLookAlikesAsync(wanted, cancellation);
        // A name stands for one bearer for ever, so none is used up by what could not be written down.
        await acts.RequireTakingAsync();
        var source = wanted.Source is null ? null : await sources.EnsureAsync(wanted.Source, actor, cancellation);
        var (text, now) = (TokenText.New(), clock.GetUtcNow());
        var row = new TokenRow(
            wanted.Name, TokenText.HashOf(text).ToBytes(), wanted.Roles, wanted.Person, source, wanted.Bound, now,
            actor.Person)
        {
            ExpiresAt = now + wanted.Lasts,
        };
        if (!await store.Tokens.AddAsync(row, cancellation))
        {
            return null;
        }

        await WriteCreatedAsync(row, actor);
        return (row, text);
    }

    /// <returns>False when there is no such token, or it was revoked before.</returns>
    public async Task<bool> RevokeAsync(string name, Actor actor, CancellationToken cancellation)
    {
        try
        {
            if (!await store.Tokens.RevokeAsync(name, clock.GetUtcNow(), cancellation))
            {
                return false;
            }

            // Before it is written down, for live readers look again when they see that.
            known?.ForgetAll();
            await acts.WriteAsync(
                StreamNames.People, PeopleAct.TokenRevoked, actor.Name, json => json.WriteString("name", name));
            return true;
        }
        finally
        {
            // The token is revoked even where that could not be written down any more.
            known?.ForgetAll();
        }
    }

    public static string TakenSentence(string name) =>
        $"There is, or was, a token named \"{name}\"; a name stands for one bearer for ever.";

    public static string UnknownSentence(string name) => $"There is no token \"{name}\" that is not revoked already.";

    /// <summary>Names stand as they are in every list and in the book.</summary>
    private void RefuseSecrets(NewToken wanted)
    {
        var bound = wanted.Bound;
        (string Member, IEnumerable<string?> Names)[] all =
        [
            ("name", [wanted.Name]), ("person", [wanted.Person]), ("source", [wanted.Source]), ("agents", bound.Agents),
            ("tasks", bound.Tasks), ("sources", bound.Sources),
        ];
        foreach (var (member, names) in all)
        {
            if (names.Select(acts.Refuse).FirstOrDefault(one => one is not null) is { } refusal)
            {
                throw new RefusedException(Problem.Unprocessable($"{member}: {refusal}."));
            }
        }
    }

    /// <summary>Another person is another name: so none is taken for another, nor a source or a token.</summary>
    private async Task RefuseLookAlikesAsync(NewToken wanted, CancellationToken cancellation)
    {
        var rows = await store.Tokens.ListAsync(cancellation);
        (string Member, string? Name, IEnumerable<string?> Known)[] all =
        [
            ("name", wanted.Name, rows.Select(row => row.Name)),
            ("person", wanted.Person, rows.Select(row => row.Person)),
            ("source", wanted.Source, rows.Select(row => row.Source?.Name)),
        ];
        foreach (var (member, name, known) in all.Where(one => one.Name is not null))
        {
            var shape = HiddenText.ShapeOf(name!);
            if (known.FirstOrDefault(one =>
                one is not null && one != name && HiddenText.ShapeOf(one) == shape) is { } other)
            {
                throw new RefusedException(Problem.Unprocessable(
                    $"{member}: \"{name}\" is taken for \"{other}\", which is another one; write it in the same way "
                        + "or choose a name that nobody takes for it."));
            }
        }
    }

    /// <summary>A token that nobody could write down must not be there either.</summary>
    private async Task WriteCreatedAsync(TokenRow made, Actor actor)
    {
        try
        {
            await acts.WriteAsync(StreamNames.People, PeopleAct.TokenCreated, actor.Name, json =>
            {
                json.WriteString("name", made.Name);
                WriteTexts(json, "roles", made.Roles);
                json.WriteString("person", made.Person);
                json.WriteString("source", made.Source?.Name);
                WriteTexts(json, "agents", made.Bound.Agents);
                WriteTexts(json, "tasks", made.Bound.Tasks);
                WriteTexts(json, "sources", made.Bound.Sources);
                json.WriteString("expires_at", made.ExpiresAt is { } end ? Timestamp.From(end).ToString() : null);
                json.WriteString("by_person", made.CreatedBy);
            });
        }
        catch
        {
            await store.Tokens.RevokeAsync(made.Name, clock.GetUtcNow(), CancellationToken.None);
            throw;
        }
    }

    private static void WriteTexts(Utf8JsonWriter json, string name, IReadOnlyList<string> texts)
    {
        json.WriteStartArray(name);
        foreach (var text in texts)
        {
            json.WriteStringValue(text);
        }

        json.WriteEndArray();
    }
}
