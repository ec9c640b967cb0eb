namespace Audit.Api.Access;

/// <summary>
/// Lets a request through to its endpoint when its token has one of the roles that the endpoint asks for.
/// </summary>
internal sealed class AccessMiddleware(RequestDelegate next, BearerTokens tokens, AccessNotes notes)
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
        if ((context.Features.Get<Admission>() ?? await AdmitAsync(context, rule)) is not { } admission)
        {
            return;
        }

        if (!admission.Bearer.HasAny(rule.AnyOf))
        {
            notes.LackedRole(context, admission.Bearer, rule);
            await ForbidAsync(context, admission.Bearer, rule);
            return;
        }

        if (ScopeRule.Refuse(context.GetEndpoint(), admission.Bearer) is { } refusal)
        {
            await Problem.Forbidden(refusal).ExecuteAsync(context);
            return;
        }

        context.Features.Set(admission);
        await next(context);
    }

    /// <returns>Null when a problem was answered.</returns>
    private async ValueTask<Admission?> AdmitAsync(HttpContext context, AccessRule rule)
    {
        var header = context.Request.Headers.Authorization.ToString();
        if (!header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            await RefuseAsync(context, header.Length == 0
                ? "The request has no token; send the header Authorization: Bearer <token>."
                : "The header Authorization names no bearer token; accepted is Bearer <token>.");
            return null;
        }

        var token = header[Scheme.Length..].Trim();
        var found = rule.IsOfNumbers
            ? tokens.FindForNumbersAsync(token, context.RequestAborted)
            : tokens.FindAsync(token, context.RequestAborted);
        if (await found is { } bearer)
        {
            return new Admission(bearer, async cancellation => await tokens.FindAsync(token, cancellation) is not null);
        }

        notes.UnknownToken(context);
        await RefuseAsync(
            context, "The token is not known here, or it was revoked, or its time is over.",
            ", error=\"invalid_token\"");
        return null;
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
