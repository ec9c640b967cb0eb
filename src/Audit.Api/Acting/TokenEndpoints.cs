namespace Audit.Api.Acting;

/// <summary>`/v1/tokens`: makes, lists and revokes tokens. A token is shown once, when it is made.</summary>
internal sealed class TokenEndpoints(TokenBook book, ITokenStore tokens) : IEndpointGroup
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.Post(
            "/v1/tokens", CreateAsync, Roles.Admin, "Makes a token.",
            "The body is {name, roles[], agent?, task?}; the answer holds the token, which is not shown again.")
            .Produces<NewTokenAnswer>(StatusCodes.Status201Created);
        routes.Get("/v1/tokens", ListAsync, Roles.Admin, "Lists the tokens, revoked ones too.")
            .Produces<ItemPage<TokenAnswer>>();
        routes.Delete("/v1/tokens/{name}", context => RevokeAsync(context, context.PathId("name")), Roles.Admin, "Revokes a token.")
            .Produces(StatusCodes.Status204NoContent);
        routes.Delete(
            "/v1/token",
            context => RevokeAsync(context, context.Query().RequiredId("name")),
            Roles.Admin,
            "Revokes a token.",
            "For names that a path cannot carry.", new QueryParameter("name", "The token's name.", Required: true))
            .Produces(StatusCodes.Status204NoContent);
    }

    /// <summary>A token as the wire shows it.</summary>
    public static TokenAnswer AnswerOf(TokenRow row) => new(
        row.Name, row.Roles, row.Agent, row.Task, row.CreatedAt.UtcDateTime, row.RevokedAt?.UtcDateTime);

    private async Task<IResult> CreateAsync(HttpContext context)
    {
        var wanted = ReadWanted(await context.ReadObjectAsync());
        return await book.CreateAsync(wanted, context.Bearer().Name, context.RequestAborted) is { } text
            ? Reply.Json(
                new NewTokenAnswer(wanted.Name, wanted.Roles, wanted.Agent, wanted.Task, text),
                StatusCodes.Status201Created)
            : Problem.Conflict(TokenBook.TakenSentence(wanted.Name));
    }

    private async Task<IResult> ListAsync(HttpContext context) => Reply.Json(new ItemPage<TokenAnswer>(
        [.. (await tokens.ListAsync(context.RequestAborted)).Select(AnswerOf)], null));

    private async Task<IResult> RevokeAsync(HttpContext context, string name) =>
        await book.RevokeAsync(name, context.Bearer().Name, context.RequestAborted)
            ? Results.NoContent()
            : Problem.NotFound(TokenBook.UnknownSentence(name));

    public static NewToken ReadWanted(StrictObject body)
    {
        var name = body.RequiredId("name");
        var roles = body.Texts("roles", most: 4) ?? [];
        if (roles.Count == 0)
        {
            throw new UnreadableException("roles", $"missing, or empty; accepted are {RoleNames.Accepted}");
        }

        for (var index = 0; index < roles.Count; index++)
        {
            if (RoleNames.Of(roles[index]) == Roles.None)
            {
                throw new UnreadableException(
                    $"roles[{index}]", $"the role \"{roles[index]}\" is not known; accepted are {RoleNames.Accepted}");
            }
        }

        return new NewToken(name, [.. roles.Distinct()], body.Id("agent"), body.Id("task"));
    }
}
