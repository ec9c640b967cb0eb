using System.Net;
using System.Net.Sockets;

namespace Audit.Api.Access;

/// <summary>
/// Counts who was refused, by where the request came from or by the token, until the counts are written down. So many
/// that one attacker cannot fill the book with his refusals.
/// </summary>
internal sealed class AccessNotes
{
    /// <summary>Counts of their own between two writings; what is more is counted in one.</summary>
    public const int Most = 100;

    private readonly Lock gate = new();
    private Dictionary<Refusal, long> counts = [];
    private long more;

    public void UnknownToken(HttpContext context) =>
        Add(new Refusal("token", NetworkOf(context.Connection.RemoteIpAddress), null, null));

    public void LackedRole(HttpContext context, Bearer bearer, AccessRule rule) => Add(new Refusal(
        "role", NetworkOf(context.Connection.RemoteIpAddress), bearer.Name,
        $"{context.Request.Method} {RouteOf(context)}: {RoleNames.Join(rule.AnyOf)}"));

    public void OutsideBinding(HttpContext context, Bearer bearer) => Add(new Refusal(
        "binding", NetworkOf(context.Connection.RemoteIpAddress), bearer.Name, $"source {bearer.Source?.Name}"));

    /// <summary>What was counted, and how many had no count of their own. Counting begins anew.</summary>
    public (IReadOnlyDictionary<Refusal, long> Counts, long More) Take()
    {
        lock (gate)
        {
            var taken = (counts, more);
            (counts, more) = ([], 0);
            return taken;
        }
    }

    /// <summary>Where from, as coarse as one customer of a network is: an IPv4 /24 or an IPv6 /64.</summary>
    public static string NetworkOf(IPAddress? address)
    {
        if (address is null)
        {
            return "local";
        }

        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        var (bytes, kept) = (plain.GetAddressBytes(), plain.AddressFamily == AddressFamily.InterNetwork ? 3 : 8);
        bytes.AsSpan(kept).Clear();
        return $"{new IPAddress(bytes)}/{kept * 8}";
    }

    private static string RouteOf(HttpContext context) =>
        (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? "";

    private void Add(Refusal refusal)
    {
        lock (gate)
        {
            if (counts.TryGetValue(refusal, out var count) || counts.Count < Most)
            {
                counts[refusal] = count + 1;
            }
            else
            {
                more++;
            }
        }
    }
}

/// <param name="What">
/// `token` for one that is not known, `role` for one that a known token lacks, `binding` for an item of another agent or
/// task than the token's.
/// </param>
/// <param name="Wanted">The endpoint, and the roles that it asks for; of an item, as what it was sent.</param>
internal sealed record Refusal(string What, string Network, string? Token, string? Wanted);
