using System.Collections.Frozen;
using System.IO.Compression;
using System.Security.Cryptography;

namespace Audit.Pages.Assets;

/// <summary>
/// Style, scripts and the icon, as they lie in the program. Their address changes with their content, so that browsers
/// keep them for ever.
/// </summary>
internal static class AssetFiles
{
    private const string Prefix = "assets/";

    private static readonly FrozenDictionary<string, byte[]> Files = Read().ToFrozenDictionary();

    public static string Hash { get; } = HashOf();

    public static string Base { get; } = "/assets/" + Hash;

    public static byte[]? Find(string name) => Files.GetValueOrDefault(name);

    public static string TypeOf(string name) => Path.GetExtension(name) switch
    {
        ".css" => "text/css; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".svg" => "image/svg+xml",
        var other => throw new InvalidOperationException($"No type is known for {other}."),
    };

    private static Dictionary<string, byte[]> Read()
    {
        var assembly = typeof(AssetFiles).Assembly;
        var names = assembly.GetManifestResourceNames();
        return names.Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)).ToDictionary(
            name => name[Prefix.Length..],
            name =>
            {
                using var stream = assembly.GetManifestResourceStream(name)!;
                var bytes = new byte[stream.Length];
                stream.ReadExactly(bytes);
                return bytes;
            });
    }

    private static string HashOf()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (name, bytes) in Files.OrderBy(file => file.Key, StringComparer.Ordinal))
        {
            hash.AppendData(System.Text.Encoding.UTF8.GetBytes($"{name}\n{bytes.Length}\n"));
            hash.AppendData(bytes);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 8));
    }
}

/// <summary>`/assets/{hash}/{name}`.</summary>
internal static class AssetEndpoint
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet("/assets/{hash}/{name}", GetAsync).WithMetadata(AccessRule.Public).Scoped(Scope.Public)
            .ExcludeFromDescription();

    private static async Task GetAsync(HttpContext context)
    {
        var name = (string)context.Request.RouteValues["name"]!;
        if ((string)context.Request.RouteValues["hash"]! != AssetFiles.Hash || AssetFiles.Find(name) is not { } bytes)
        {
            await Problem.NotFound(
                $"This version of the program has no asset at {context.Request.Path}.").ExecuteAsync(context);
            return;
        }

        var response = context.Response;
        response.Headers.CacheControl = "public, max-age=31536000, immutable";
        response.Headers.ETag = $"\"{AssetFiles.Hash}\"";
        if (context.Request.Headers.IfNoneMatch.ToString() == response.Headers.ETag)
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        response.ContentType = AssetFiles.TypeOf(name);
        await Packed.WriteAsync(context, Packed.Of(context.Request, bytes, hasSecrets: false));
    }
}

/// <summary>
/// Pages and their parts go packed. How long a packed page is could tell a stranger what stands in it beside words of
/// his own: who is led here by another site gets it plain, and no secret stands in two pages in the same letters.
/// </summary>
internal static class Packed
{
    private const int Least = 1_000;

    /// <returns>The content as it is to be sent, and by what it is packed.</returns>
    public static (byte[] Content, string? By) Of(HttpRequest request, byte[] content, bool hasSecrets = true)
    {
        var accepted = request.GetTypedHeaders().AcceptEncoding.Where(one => one.Quality is not 0)
            .Select(one => one.Value.Value?.ToLowerInvariant()).ToList();
        var by = content.Length < Least || (hasSecrets && IsFromElsewhere(request)) ? null
            : accepted.Contains("br") ? "br"
            : accepted.Contains("gzip") ? "gzip"
            : null;
        if (by is null)
        {
            return (content, null);
        }

        using var packed = new MemoryStream();
        using (Stream packing = by == "br"
            ? new BrotliStream(packed, CompressionLevel.Optimal) : new GZipStream(packed, CompressionLevel.Optimal))
        {
            packing.Write(content);
        }

        return (packed.ToArray(), by);
    }

    private static bool IsFromElsewhere(HttpRequest request) =>
        request.Headers["Sec-Fetch-Site"].ToString() is not ("" or "same-origin" or "none");

    public static async Task WriteAsync(HttpContext context, (byte[] Content, string? By) packed)
    {
        var response = context.Response;
        response.Headers.Vary = "Accept-Encoding";
        if (packed.By is { } by)
        {
            response.Headers.ContentEncoding = by;
        }

        response.ContentLength = packed.Content.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await response.Body.WriteAsync(packed.Content, context.RequestAborted);
        }
    }
}
