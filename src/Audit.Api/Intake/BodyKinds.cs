using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Audit.Api.Intake;

/// <summary>What bodies are accepted, and that they may take their time.</summary>
internal static class BodyKinds
{
    public static BodyKind? KindOf(HttpRequest request)
    {
        var type = TypeOf(request);
        return type switch
        {
            "" => BodyKind.Whole,
            _ when type.Equals("application/json", StringComparison.OrdinalIgnoreCase) => BodyKind.Whole,
            _ when type.Equals("application/x-ndjson", StringComparison.OrdinalIgnoreCase)
                || type.Equals("application/ndjson", StringComparison.OrdinalIgnoreCase)
                || type.Equals("application/jsonl", StringComparison.OrdinalIgnoreCase) => BodyKind.Lines,
            _ => null,
        };
    }

    public static bool IsOf(HttpRequest request, string type) =>
        TypeOf(request).Equals(type, StringComparison.OrdinalIgnoreCase);

    private static ReadOnlySpan<char> TypeOf(HttpRequest request)
    {
        var type = request.ContentType.AsSpan();
        var end = type.IndexOf(';');
        return (end < 0 ? type : type[..end]).Trim();
    }

    /// <exception cref="RefusedException">Its kind or its encoding is not accepted.</exception>
    public static BodyKind RequiredKindOf(HttpRequest request)
    {
        var kind = KindOf(request);
        return (kind is null ? Accepted(request) : BodyDecoding.Refuse(request)) is { } refusal
            ? throw new RefusedException(Problem.UnsupportedMedia(refusal))
            : kind!.Value;
    }

    private static string Accepted(HttpRequest request) =>
        $"The Content-Type \"{request.ContentType}\" is not accepted; accepted are application/json (one object or "
            + "an array) "
        + "and application/x-ndjson (one object a line).";

    /// <summary>
    /// Streams have no end that could be known, and live ones rest between records as long as they like.
    /// </summary>
    public static void AllowAnyLength(HttpContext context)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = null;
        }

        if (context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = null;
        }
    }

    public static bool IsArray(ReadOnlySpan<byte> body) => body.TrimStart(" \t\r\n"u8) is [(byte)'[', ..];
}

/// <summary>How a body is cut into items, as its Content-Type says.</summary>
internal enum BodyKind : byte
{
    Whole,
    Lines,
}
