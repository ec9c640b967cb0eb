using Audit.Api.Access;
using Audit.Api.Answers;
using Audit.Api.Hosting;

namespace Audit.Api.Reading;

/// <summary>`GET /v1/violations`: what was refused.</summary>
internal sealed class ViolationEndpoint(NodeParts node)
{
    private readonly ModelAnswers answers = new(node);

    public void Map(IEndpointRouteBuilder routes) => routes.Get(
        "/v1/violations", ListAsync, Roles.Read, "Lists refused messages and acts, standing and lifted, newest first.", "",
        new("lifted", "true for lifted ones only, false for standing ones only."),
        new("limit", "At most so many, up to 1000."), new("cursor", "The next of the page before."));

    private Task ListAsync(HttpContext context)
    {
        var query = new QueryReader(context.Request.Query);
        var lifted = query.Flag("lifted");
        return answers.ListAsync(
            context, query, async (page, cancellation) => await node.Reads.Models.ViolationsAsync(lifted, page, cancellation),
            new Visibility(context.Bearer()).Sees, ViolationJson.Write);
    }
}
