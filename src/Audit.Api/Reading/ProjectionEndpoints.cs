using System.Text.Json;
using Audit.Api.Access;
using Audit.Api.Answers;
using Audit.Api.Hosting;

namespace Audit.Api.Reading;

/// <summary>`/v1/projections`: what an operator does about the read models.</summary>
internal sealed class ProjectionEndpoints(NodeParts node)
{
    private const int LongestReason = 1000;
    private static readonly TimeSpan BetweenLines = TimeSpan.FromMilliseconds(200);

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.Post(
            "/v1/projections/skip", SkipAsync, Roles.Admin, "Passes over the event that halted the read models, for good.",
            "The body is {position, reason}; it is written into the journal before anything is skipped.");
        routes.Post(
            "/v1/projections/rebuild", RebuildAsync, Roles.Admin, "Builds the read models anew beside the live ones, and swaps; then the text index.",
            "The answer is NDJSON: a line {position, end} while it goes on, and last {status} with rebuilt or failed.");
    }

    private async Task SkipAsync(HttpContext context)
    {
        if (await context.ReadObjectAsync() is not { } body)
        {
            return;
        }

        var reason = body.RequiredText("reason");
        var position = body.RequiredNumber("position");
        if (string.IsNullOrWhiteSpace(reason) || reason.Length > LongestReason)
        {
            throw new UnreadableException("reason", $"a sentence of at most {LongestReason} characters is expected");
        }

        var status = node.Reads.Status;
        if (status.State != ProjectionState.Halted || status.HaltedAt != position)
        {
            await context.WriteProblemAsync(Problem.Refused("not-skipped", "Nothing is to be skipped there", status.HaltedAt is { } halted
                ? $"The read models are halted at position {halted}, not at {position}."
                : "The read models are not halted."));
            return;
        }

        await node.Acts.WriteAsync("projections.skipped", context.Bearer().Name, json =>
        {
            json.WriteNumber("position", position);
            json.WriteString("reason", reason);
        });
        try
        {
            await node.Reads.SkipAsync(position, reason, context.RequestAborted);
        }
        catch (ReadModelsException refused)
        {
            await context.WriteProblemAsync(Problem.Refused("not-skipped", "Nothing is to be skipped there", refused.Message));
            return;
        }

        await context.WriteJsonAsync(StatusCodes.Status200OK, json =>
        {
            json.WriteStartObject();
            json.WriteString("status", "skipped");
            json.WriteNumber("position", position);
            json.WriteEndObject();
        });
    }

    private async Task RebuildAsync(HttpContext context)
    {
        await node.Acts.WriteAsync("projections.rebuild", context.Bearer().Name, _ => { });
        var latest = default(RebuildProgress);
        var work = BuildAllAsync(new Reported(progress => latest = progress));
        context.Response.ContentType = "application/x-ndjson";
        while (await Task.WhenAny(work, Task.Delay(BetweenLines)) != work)
        {
            await WriteLineAsync(context, json =>
            {
                json.WriteNumber("position", latest.Position);
                json.WriteNumber("end", latest.End);
            });
        }

        await WriteLineAsync(context, json =>
        {
            json.WriteString("status", work.IsCompletedSuccessfully ? "rebuilt" : "failed");
            json.WriteNumber("position", latest.Position);
            json.WriteString("error", work.Exception?.GetBaseException().Message);
        });
    }

    private async Task BuildAllAsync(Reported progress)
    {
        await node.Reads.RebuildAsync(progress, node.Stopping);
        await node.Reads.Search.RebuildAsync(progress, node.Stopping);
    }

    /// <summary>A client that went away does not end the rebuild.</summary>
    private static async Task WriteLineAsync(HttpContext context, Action<Utf8JsonWriter> write)
    {
        if (context.RequestAborted.IsCancellationRequested)
        {
            return;
        }

        using var line = new MemoryStream();
        await using (var json = new Utf8JsonWriter(line, JsonAnswer.Options))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        line.WriteByte((byte)'\n');
        await context.Response.Body.WriteAsync(line.ToArray(), CancellationToken.None);
        await context.Response.Body.FlushAsync(CancellationToken.None);
    }

    private sealed class Reported(Action<RebuildProgress> take) : IProgress<RebuildProgress>
    {
        public void Report(RebuildProgress value) => take(value);
    }
}
