using Audit.Api.Access;
using Audit.Api.Answers;
using Audit.Api.Hosting;

namespace Audit.Api.Acting;

/// <summary>`/v1/tokens`: makes, lists and revokes tokens. A token is shown once, when it is made.</summary>
internal sealed class TokenEndpoints(NodeParts node)
{
    private readonly TokenBook book = new(node.Store.Tokens, node.Acts, node.Clock);

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.Post(
            "/v1/tokens", CreateAsync, Roles.Admin, "Makes a token.",
            "The body is {name, roles[], agent?, task?}; the answer holds the token, which is not shown again.");
        routes.Get("/v1/tokens", ListAsync, Roles.Admin, "Lists the tokens, revoked ones too.");
        routes.Delete(
            "/v1/tokens/{name}", context => RevokeAsync(context, PathIds.Of(context, "name")), Roles.Admin, "Revokes a token.");
        routes.Delete(
            "/v1/token", RevokeByQueryAsync, Roles.Admin, "Revokes a token.", "For names that a path cannot carry.",
            new QueryParameter("name", "The token's name.", Required: true));
    }

    private async Task CreateAsync(HttpContext context)
    {
        if (await context.ReadObjectAsync() is not { } body)
        {
            return;
        }

        var wanted = ReadWanted(body);
        if (await book.CreateAsync(wanted, context.Bearer().Name, context.RequestAborted) is not { } text)
        {
            await context.WriteProblemAsync(Problem.Conflict(TokenBook.TakenSentence(wanted.Name)));
            return;
        }

        await context.WriteJsonAsync(StatusCodes.Status201Created, json =>
        {
            json.WriteStartObject();
            TokenJson.WriteMembers(json, wanted);
            json.WriteString("token", text);
            json.WriteEndObject();
        });
    }

    private async Task ListAsync(HttpContext context)
    {
        var rows = await node.Store.Tokens.ListAsync(context.RequestAborted);
        await context.WriteJsonAsync(StatusCodes.Status200OK, json =>
        {
            json.WriteStartObject();
            json.WriteStartArray("items");
            foreach (var row in rows)
            {
                TokenJson.Write(json, row);
            }

            json.WriteEndArray();
            json.WriteNull("next");
            json.WriteEndObject();
        });
    }

    private Task RevokeByQueryAsync(HttpContext context)
    {
        var query = new QueryReader(context.Request.Query);
        var name = query.RequiredId("name");
        return query.Problem is { } problem ? context.WriteProblemAsync(problem) : RevokeAsync(context, name);
    }

    private async Task RevokeAsync(HttpContext context, string name)
    {
        if (!await TryRevokeAsync(name, context))
        {
            await context.WriteProblemAsync(Problem.NotFound(TokenBook.UnknownSentence(name)));
            return;
        }

        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private async Task<bool> TryRevokeAsync(string name, HttpContext context)
    {
        try
        {
            return await book.RevokeAsync(name, context.Bearer().Name, context.RequestAborted);
        }
        finally
        {
            // The token is revoked even where that could not be written down any more.
            node.Tokens.ForgetAll();
        }
    }

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
