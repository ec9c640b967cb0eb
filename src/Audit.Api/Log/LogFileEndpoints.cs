using Audit.Api.Access;
using Audit.Api.Answers;
using Audit.Api.Hosting;

namespace Audit.Api.Log;

/// <summary>`/checkpoint` and `/tile/…`: the log as C2SP tlog-tiles serves it, for the tools of others.</summary>
internal sealed class LogFileEndpoints(NodeParts node)
{
    // The paths of large numbers have as many segments as they like, so the whole path is read by who knows its form.
    private const string TilePattern = "/tile/{**path}";

    public void Map(IEndpointRouteBuilder routes)
    {
        var readers = node.Options.PublicLog ? Roles.None : Roles.Read;
        routes.Get(
            "/checkpoint", LogGuard.Around(GetAsync), readers, "The newest checkpoint of the log, a C2SP signed note.",
            "It needs no token when the node was started with --public-log.");
        routes.Get(
            TilePattern, LogGuard.Around(GetAsync), readers, "A tile of the log, or a bundle of its entries.",
            "C2SP tlog-tiles: /tile/{L}/{N}[.p/{W}] has hashes and /tile/entries/{N}[.p/{W}] has entries, N in groups of three "
            + "digits such as x001/x234/067. They never change. They need no token when the node was started with --public-log.");
    }

    private async Task GetAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!.TrimStart('/');
        if (await node.Log.Reader.ReadAsync(path, context.RequestAborted) is not { } file)
        {
            await context.WriteProblemAsync(Problem.NotFound(await WhyNotAsync(path, context.RequestAborted)));
            return;
        }

        context.Response.ContentType = file.ContentType;
        context.Response.ContentLength = file.Content.Length;
        context.Response.Headers.CacheControl = file.CacheControl;
        await context.Response.Body.WriteAsync(file.Content, context.RequestAborted);
    }

    private async Task<string> WhyNotAsync(string path, CancellationToken cancellation) =>
        await node.Log.Reader.HeadAsync(cancellation) is { Stored: { } stored }
            ? $"The log of {stored.Size} entries has no {path}."
            : "Nothing is sealed yet, so there is no checkpoint and no tile.";
}
