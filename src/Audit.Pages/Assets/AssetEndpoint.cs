
namespace Audit.Pages.Assets;

/// <summary>`/assets/{hash}/{name}`.</summary>
internal static class AssetEndpoint
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet("/assets/{hash}/{name}", GetAsync).WithMetadata(AccessRule.Public).ExcludeFromDescription();

    private static async Task GetAsync(HttpContext context)
    {
        var name = (string)context.Request.RouteValues["name"]!;
        if ((string)context.Request.RouteValues["hash"]! != AssetFiles.Hash || AssetFiles.Find(name) is not { } bytes)
        {
            await context.WriteProblemAsync(Problem.NotFound($"This version of the program has no asset at {context.Request.Path}."));
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
        response.ContentLength = bytes.Length;
        await response.Body.WriteAsync(bytes, context.RequestAborted);
    }
}
