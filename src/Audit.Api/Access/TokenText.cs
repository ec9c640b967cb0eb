using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;

namespace Audit.Api.Access;

/// <summary>The text of a token, which only its bearer keeps.</summary>
internal static class TokenText
{
    public const int Length = 47;
    private const string Prefix = "aat_";
    private const int RandomBytes = 32;

    public static string New() => Prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(RandomBytes));

    public static bool IsOne(ReadOnlySpan<char> text) =>
        text.Length == Length && text.StartsWith(Prefix) && Base64Url.IsValid(text[Prefix.Length..]);

    public static TokenHash HashOf(ReadOnlySpan<char> text)
    {
        Span<byte> utf8 = stackalloc byte[Length];
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(utf8[..Encoding.UTF8.GetBytes(text, utf8)], hash);
        return TokenHash.From(hash);
    }
}

/// <summary>The SHA-256 of a token.</summary>
internal readonly record struct TokenHash(UInt128 High, UInt128 Low)
{
    public static TokenHash From(ReadOnlySpan<byte> sha256) => new(
        BinaryPrimitives.ReadUInt128BigEndian(sha256), BinaryPrimitives.ReadUInt128BigEndian(sha256[16..]));

    public byte[] ToBytes()
    {
        var bytes = new byte[32];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, High);
        BinaryPrimitives.WriteUInt128BigEndian(bytes.AsSpan(16), Low);
        return bytes;
    }
}

/// <summary>A token as somebody wants it.</summary>
/// <param name="Person">Whom it stands for.</param>
/// <param name="Source">As what it reports, a new source or one that is there; null where it reports nothing.</param>
/// <param name="Lasts">Null for a token that is good until it is revoked.</param>
internal sealed record NewToken(
    string Name, IReadOnlyList<string> Roles, string Person, string? Source, TokenBounds Bound, TimeSpan? Lasts)
{
    /// <summary>Agents, tasks or sources that one token may be bound to.</summary>
    public const int MostBounds = 100;

    private const string SourceNeeded =
        "a token of role ingest reports as a source, and none is named; name the host or the service whose records "
        + "these are, a new source or one that is there (its other tokens share it): sessions and calls "
        + "belong to their source";

    private const string SourceBarred = "a source's name must not hold \"|\"";

    private const string SourceUseless = "only a token of role ingest or admin reports as a source";

    private const string PersonNeeded =
        "a token of role approve or admin stands for a person; none is for services";

    /// <returns>Null when there may be such a token, else the member that is wrong and why.</returns>
    public (string Member, string Sentence)? Refuse()
    {
        var roles = RoleNames.Of(Roles);
        return Roles.Count == 0 ? ("roles", $"missing, or empty; accepted are {RoleNames.Accepted}")
            : Roles.FirstOrDefault(role => RoleNames.Of(role) == Access.Roles.None) is { } unknown
                ? ("roles", $"the role \"{unknown}\" is not known; accepted are {RoleNames.Accepted}")
            : Source?.Contains('|') == true ? ("source", SourceBarred)
            : Source is null && (roles & Access.Roles.Ingest) != 0 ? ("source", SourceNeeded)
            : Source is not null && (roles & (Access.Roles.Ingest | Access.Roles.Admin)) == 0
                ? ("source", SourceUseless)
            : Person == Bearer.NoPerson && (roles & (Access.Roles.Approve | Access.Roles.Admin)) != 0
                ? ("person", PersonNeeded)
            : null;
    }
}
