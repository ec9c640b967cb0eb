namespace Audit.Api.Access;

/// <summary>
/// Lets a request through to its endpoint when its token has one of the roles that the endpoint asks for.
/// </summary>
internal sealed class AccessMiddleware(RequestDelegate next, BearerTokens tokens)
{
    private const string Scheme = "Bearer ";

    public async Task InvokeAsync(HttpContext context)
    {
        // Routing's own endpoints, which answer 405 and the like, have no rule.
        if (context.GetEndpoint()?.Metadata.GetMetadata<AccessRule>() is not { AnyOf: not Roles.None } rule)
        {
            await next(context);
            return;
        }

        // A browser that signed in is known already.
        if ((context.Features.Get<Bearer>() ?? await FindAsync(context)) is not { } bearer)
        {
            return;
        }

        if (!bearer.HasAny(rule.AnyOf))
        {
            await ForbidAsync(context, bearer, rule);
            return;
        }

        context.Features.Set(bearer);
        await next(context);
    }

    /// <returns>Null when a problem was answered.</returns>
    private async ValueTask<Bearer?> FindAsync(HttpContext context)
    {
        var header = context.Request.Headers.Authorization.ToString();
        if (!header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            await RefuseAsync(context, header.Length == 0
                ? "The request has no token; send the header Authorization: Bearer <token>."
                : "The header Authorization names no bearer token; accepted is Bearer <token>.");
            return null;
        }

        var bearer = await tokens.FindAsync(header[Scheme.Length..].Trim(), context.RequestAborted);
        if (bearer is null)
        {
            await RefuseAsync(context, "The token is not known here, or it was revoked.", ", error=\"invalid_token\"");
        }

        return bearer;
    }

    private static Task RefuseAsync(HttpContext context, string detail, string error = "")
    {
        context.Response.Headers.WWWAuthenticate = $"Bearer realm=\"audit\"{error}";
        return Problem.Unauthorized(detail).ExecuteAsync(context);
    }

    private static Task ForbidAsync(HttpContext context, Bearer bearer, AccessRule rule)
    {
        var roles = RoleNames.Join(rule.AnyOf);
        var scope = roles.Replace(" or ", " ");
        context.Response.Headers.WWWAuthenticate =
            $"Bearer realm=\"audit\", error=\"insufficient_scope\", scope=\"{scope}\"";
        return Problem.Forbidden(
            $"The token \"{bearer.Name}\" lacks the role for {context.Request.Method} {context.Request.Path}: {roles}.")
            .ExecuteAsync(context);
    }
}
