using Audit.Api.Hosting;

namespace Audit.Api.Reading;

/// <summary>
/// Where in the journal a session can lie: between its first event and its last that the read models know, and behind what
/// they know. What is not there need not be read through.
/// </summary>
internal readonly record struct SessionRange(long First, long Last, long Known)
{
    private static readonly SessionRange Everywhere = new(0, 0, 0);

    public static async Task<SessionRange> OfAsync(NodeParts node, string? session, CancellationToken cancellation)
    {
        if (session is null)
        {
            return Everywhere;
        }

        var known = await node.Reads.Models.PositionAsync(cancellation);
        return await node.Reads.Models.SessionAsync(session, cancellation) is { } found
            ? new SessionRange(found.Id, found.LastPosition, known)
            : new SessionRange(known + 1, known, known);
    }

    /// <summary>The next position behind which the session's events can be.</summary>
    public long Skip(long after) =>
        after < First - 1 ? First - 1
        : after >= Last && after < Known ? Known
        : after;
}
