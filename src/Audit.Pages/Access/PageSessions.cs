using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace Audit.Pages.Access;

/// <summary>
/// Sessions of browsers. A session is a cookie with the hash of its token, signed with a key of the store: every node
/// of the store knows it, a restart ends none, and a revoked token ends it at the next request.
/// </summary>
internal sealed class PageSessions(IAuditStore store, BearerTokens tokens, TimeProvider clock)
{
    public static readonly TimeSpan Lasts = TimeSpan.FromHours(12);

    private const string Purpose = "session";
    private const string FormPurpose = "form";
    private const int IdBytes = 16;
    private const int Bytes = sizeof(long) + IdBytes + SHA256.HashSizeInBytes;
    private const int MostSignedOut = 100_000;

    /// <summary>Sessions that were ended before their time, until then.</summary>
    private readonly ConcurrentDictionary<string, DateTimeOffset> signedOut = [];
    private byte[]? key;

    /// <returns>What the cookie holds; null when the token is not known.</returns>
    public async Task<string?> SignInAsync(string token, CancellationToken cancellation)
    {
        if (!TokenText.IsOne(token) || await tokens.FindAsync(token, cancellation) is null)
        {
            return null;
        }

        var content = new byte[Bytes];
        BinaryPrimitives.WriteInt64BigEndian(content, (clock.GetUtcNow() + Lasts).ToUnixTimeSeconds());
        RandomNumberGenerator.Fill(content.AsSpan(sizeof(long), IdBytes));
        TokenText.HashOf(token).ToBytes().CopyTo(content.AsSpan(sizeof(long) + IdBytes));
        return SignedBytes.Write(await KeyAsync(cancellation), Purpose, content);
    }

    public async Task<PageSession?> FindAsync(string cookie, CancellationToken cancellation)
    {
        if (SignedBytes.Read(await KeyAsync(cancellation), Purpose, cookie, Bytes) is not { } content)
        {
            return null;
        }

        var ends = DateTimeOffset.FromUnixTimeSeconds(BinaryPrimitives.ReadInt64BigEndian(content));
        var id = content[sizeof(long)..(sizeof(long) + IdBytes)];
        if (clock.GetUtcNow() >= ends || signedOut.ContainsKey(Convert.ToHexString(id)))
        {
            return null;
        }

        var bearer = await tokens.FindAsync(TokenHash.From(content.AsSpan(sizeof(long) + IdBytes)), cancellation);
        return bearer is null ? null : new PageSession(bearer, id, ends);
    }

    /// <summary>The cookie is taken from the browser; who copied it finds it worthless on this node.</summary>
    public void SignOut(PageSession session)
    {
        var now = clock.GetUtcNow();
        foreach (var (id, ends) in signedOut)
        {
            if (ends <= now || signedOut.Count >= MostSignedOut)
            {
                signedOut.TryRemove(id, out _);
            }
        }

        signedOut[Convert.ToHexString(session.Id)] = session.Ends;
    }

    /// <summary>What a form must carry to be one that this node gave to this browser.</summary>
    public async Task<string> FormSecretAsync(byte[] id, CancellationToken cancellation) =>
        SignedBytes.Write(await KeyAsync(cancellation), FormPurpose, id);

    public async Task<bool> IsFormSecretAsync(byte[] id, string? secret, CancellationToken cancellation) =>
        secret is not null
        && SignedBytes.Read(await KeyAsync(cancellation), FormPurpose, secret, IdBytes) is { } signed
        && signed.AsSpan().SequenceEqual(id);

    public static byte[] NewId() => RandomNumberGenerator.GetBytes(IdBytes);

    private async ValueTask<byte[]> KeyAsync(CancellationToken cancellation) =>
        key ??= await store.SecretAsync("page-sessions", RandomNumberGenerator.GetBytes(32), cancellation);
}

/// <summary>A person who signed in, in one browser.</summary>
/// <param name="Id">Random; what a form of this session carries is derived from it.</param>
internal sealed record PageSession(Bearer Bearer, byte[] Id, DateTimeOffset Ends);
