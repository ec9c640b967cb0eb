using System.Globalization;
using System.Text;
using Audit.Api.Access;
using Audit.Api.Answers;
using Audit.Api.Hosting;

namespace Audit.Api.Log;

/// <summary>`/v1/proofs/{position}`: the proof, in one file, that a row is in the log.</summary>
internal sealed class ProofEndpoint(NodeParts node)
{
    private const string Position = "position";

    public void Map(IEndpointRouteBuilder routes) => routes.Get(
        "/v1/proofs/{position}", LogGuard.Around(GetAsync), Roles.Read,
        "The proof that the row at a position is in the log, a C2SP tlog-proof.",
        "It is checked offline with the row's entry and the log's verifier key.");

    private async Task GetAsync(HttpContext context)
    {
        var text = PathIds.Of(context, Position);
        if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var position) || position == 0)
        {
            await context.WriteProblemAsync(Problem.BadParameter(Position, $"a whole number from 1 is expected, not \"{text}\"."));
            return;
        }

        if (await node.Log.Reader.ProveAsync(position, context.RequestAborted) is not { } proof)
        {
            await context.WriteProblemAsync(Problem.NotFound(await WhyNotAsync(position, context.RequestAborted)));
            return;
        }

        var body = Encoding.UTF8.GetBytes(proof.ToString());
        context.Response.ContentType = "text/plain; charset=utf-8";
        context.Response.ContentLength = body.Length;
        // The next checkpoint makes another proof of the same.
        context.Response.Headers.CacheControl = "no-cache";
        await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }

    private async Task<string> WhyNotAsync(long position, CancellationToken cancellation)
    {
        if (await node.Journal.ReadRowAsync(position, cancellation) is null)
        {
            return $"There is no row at position {position}.";
        }

        var head = await node.Log.Reader.HeadAsync(cancellation);
        return head?.Stored is null
            ? $"The row at position {position} is not sealed yet: nothing is."
            : $"The row at position {position} is not sealed yet: the log is sealed up to position {head.LastPosition}.";
    }
}
