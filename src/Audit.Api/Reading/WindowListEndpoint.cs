using Audit.Api.Access;
using Audit.Api.Answers;
using Audit.Api.Hosting;

namespace Audit.Api.Reading;

/// <summary>`GET /v1/windows`.</summary>
internal sealed class WindowListEndpoint(NodeParts node)
{
    private readonly ModelAnswers answers = new(node);

    public void Map(IEndpointRouteBuilder routes) => routes.Get(
        "/v1/windows", ListAsync, Roles.Read, "Lists task windows, newest first.", "",
        new("task", "Only of this task."), new("agent", "Only of this agent."),
        new("open_at", "Only those open at this time, or now."),
        new("limit", "At most so many, up to 1000."), new("cursor", "The next of the page before."));

    private Task ListAsync(HttpContext context)
    {
        var query = new QueryReader(context.Request.Query);
        var filter = new WindowFilter
        {
            Task = query.Text("task"),
            Agent = query.Text("agent"),
            OpenAt = query.Text("open_at") == "now" ? node.Now : query.Time("open_at"),
        };
        return answers.ListAsync(
            context, query, async (page, cancellation) => await node.Reads.Models.WindowsAsync(filter, page, cancellation),
            new Visibility(context.Bearer()).Sees, (json, window) => WindowModelJson.Write(json, window, node.Now));
    }
}
