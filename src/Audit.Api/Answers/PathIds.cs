using Audit.Api.Access;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing.Patterns;

namespace Audit.Api.Answers;

/// <summary>
/// The ids in a path, as they were meant. The framework decodes a path but for its encoded slashes, so that "%2F" and
/// "%252F" can no longer be told apart afterwards; the target as it was sent still can.
/// </summary>
internal static class PathIds
{
    /// <param name="name">The parameter of the route.</param>
    public static string Of(HttpContext context, string name)
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
