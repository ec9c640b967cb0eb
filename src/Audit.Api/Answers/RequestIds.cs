using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing.Patterns;

namespace Audit.Api.Answers;

/// <summary>What a request is about: by its path, or, for ids that a path cannot carry, by its query.</summary>
internal static class RequestIds
{
    public static QueryReader Query(this HttpContext context) => new(context.Request.Query);

    /// <param name="name">The parameter of the route and of the query.</param>
    /// <exception cref="RefusedException">It is missing, or cannot be an id.</exception>
    public static string Id(this HttpContext context, string name, int maxBytes = Ids.MaxBytes, bool isSession = false)
    {
        if (!context.Request.RouteValues.ContainsKey(name))
        {
            return context.Query().RequiredId(name, maxBytes, isSession);
        }

        var id = context.PathId(name);
        return Ids.Refuse(id, maxBytes, isSession) is { } sentence
            ? throw new RefusedException(Problem.BadParameter(name, sentence + "."))
            : id;
    }

    public static string SessionId(this HttpContext context) => context.Id("session", isSession: true);

    /// <summary>
    /// The framework decodes a path but for its encoded slashes, so that "%2F" and "%252F" can no longer be
    /// distinguished afterwards; in the target as it was sent they still can.
    /// </summary>
    public static string PathId(this HttpContext context, string name)
    {
        var decoded = (string)context.Request.RouteValues[name]!;
        return decoded.Contains('%') ? Undecoded(context, name) ?? Uri.UnescapeDataString(decoded) : decoded;
    }

    private static string? Undecoded(HttpContext context, string name)
    {
        var pattern = (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.PathSegments;
        var target = context.Features.Get<IHttpRequestFeature>()?.RawTarget ?? "";
        var segments = target.Split('?', 2)[0].TrimEnd('/').Split('/');
        if (pattern is null || !target.StartsWith('/') || segments.Length != pattern.Count + 1)
        {
            return null;
        }

        for (var index = 0; index < pattern.Count; index++)
        {
            if (pattern[index].Parts is [RoutePatternParameterPart part] && part.Name == name)
            {
                return Uri.UnescapeDataString(segments[index + 1]);
            }
        }

        return null;
    }
}

/// <summary>The call that a request is about.</summary>
internal sealed record CallAddress(SessionName Session, string Call)
{
    public StreamKey Stream => new(StreamNames.CallUtf8(Session, Call));

    public Problem NotFound() => NotFound(Session.Id, Call);

    public static Problem NotFound(string session, string call) => Problem.NotFound(
        $"There is no call \"{call}\" in a session \"{session}\" that this token may see.");
}
