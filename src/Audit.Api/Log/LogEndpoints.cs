using Audit.Api.Access;
using Audit.Api.Answers;
using Audit.Api.Hosting;
using Microsoft.AspNetCore.Http.Features;

namespace Audit.Api.Log;

/// <summary>`/v1/log`: what log there is, and all that is sealed in one file to verify elsewhere.</summary>
internal sealed class LogEndpoints(NodeParts node)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.Get(
            "/v1/log", LogGuard.Around(GetAsync), Roles.Read, "The log's name, verifier key, size, root, and how it is sealed.",
            "The position is the last one that is sealed; sealing tells what this node's sealer is at, and why.");
        routes.Get(
            "/v1/log/bundle", LogGuard.Around(ExportAsync), Roles.Read,
            "All that is sealed in one zip file, which `audit verify --bundle` verifies.",
            "Rows, entries, tiles, checkpoint, verifier key, and a text on how to check it by hand.");
    }

    private async Task GetAsync(HttpContext context)
    {
        if (await node.Log.Reader.HeadAsync(context.RequestAborted) is not { } head)
        {
            await context.WriteProblemAsync(Problem.NotFound("There is no log yet: nothing was ever sealed."));
            return;
        }

        await context.WriteJsonAsync(StatusCodes.Status200OK, json => LogJson.Write(json, head, node.Log.Status));
    }

    private async Task ExportAsync(HttpContext context)
    {
        if (await node.Log.Reader.HeadAsync(context.RequestAborted) is not { Stored: not null } head)
        {
            await context.WriteProblemAsync(Problem.NotFound("Nothing is sealed yet that could be exported."));
            return;
        }

        context.Response.ContentType = "application/zip";
        context.Response.Headers.ContentDisposition = $"attachment; filename=\"audit-log-{head.Size}.zip\"";
        if (context.Features.Get<IHttpBodyControlFeature>() is { } control)
        {
            // The framework's zip writer ends each file of the archive with a few bytes that it writes synchronously.
            control.AllowSynchronousIO = true;
        }

        // What goes wrong from here on cuts the answer, and a zip file that was cut has no end.
        await LogBundle.WriteAsync(node.Options.Store, context.Response.Body, null, context.RequestAborted);
    }
}
