using System.Buffers.Text;
using System.Security.Cryptography;

namespace Audit.Pages.Access;

/// <summary>
/// Sessions of browsers. The cookie holds random bytes, the store their hash: what lies in the database opens nothing,
/// every node of the store knows a session and hears of its end, and a restart neither ends one nor revives it.
/// </summary>
internal sealed class PageSessions(
    IAuditStore store, BearerTokens tokens, PeopleNow people, AccessDiary diary, AccessNotes notes, TimeProvider clock)
{
    public static readonly TimeSpan Lasts = TimeSpan.FromHours(12);

    private const int SecretBytes = 32;

    private readonly BriefMemory<string, BrowserSessionRow> known = new(clock);

    /// <returns>What the cookie is to hold; null when the token is not known.</returns>
    public async Task<string?> SignInAsync(string token, HttpContext context)
    {
        var cancellation = context.RequestAborted;
        if (await tokens.FindAsync(token, cancellation) is not { } bearer)
        {
            notes.UnknownToken(context);
            return null;
        }

        var (secret, now) = (NewSecret(), clock.GetUtcNow());
        var row = new BrowserSessionRow(
            HashOf(secret), bearer.Name, TokenText.HashOf(token).ToBytes(), now, now + Lasts);
        await diary.SignedInAsync(bearer, AccessNotes.NetworkOf(context.Connection.RemoteIpAddress), row.ExpiresAt);
        await store.BrowserSessions.AddAsync(row, cancellation);
        return secret;
    }

    public async Task<PageSession?> FindAsync(string secret, CancellationToken cancellation) =>
        IsSecret(secret) && await RowAsync(secret, cancellation) is { } row
            && await tokens.FindAsync(TokenHash.From(row.TokenSha256), cancellation) is { } bearer
            ? new PageSession(bearer, secret)
            : null;

    /// <summary>Ends the session on every node: whoever copied the cookie finds it worthless.</summary>
    public async Task SignOutAsync(PageSession session, CancellationToken cancellation)
    {
        var hash = HashOf(session.Secret);
        try
        {
            await store.BrowserSessions.EndAsync(hash, cancellation);
            // It began at most so long ago; whoever puts its row back does not make it last longer.
            await diary.SignedOutAsync(session.Bearer, hash, clock.GetUtcNow() + Lasts);
        }
        finally
        {
            people.LookAgain();
            known.Clear();
        }
    }

    /// <summary>
    /// What a form must carry to be one that this node gave to this browser. It comes from what the cookie holds, which
    /// no page, no script and no database shows. It is never twice the same: pages go packed, and by their length
    /// nobody guesses what changes each time.
    /// </summary>
    public static string FormSecret(string secret)
    {
        Span<byte> masked = stackalloc byte[2 * SecretBytes];
        RandomNumberGenerator.Fill(masked[..SecretBytes]);
        Mask(HashOfForm(secret), masked[..SecretBytes], masked[SecretBytes..]);
        return Base64Url.EncodeToString(masked);
    }

    public static bool IsFormSecret(string secret, string? given)
    {
        if (given?.Length != Base64Url.GetEncodedLength(2 * SecretBytes) || !Base64Url.IsValid(given))
        {
            return false;
        }

        // White space is passed over as it is decoded, and so less may come of it.
        var masked = Base64Url.DecodeFromChars(given);
        if (masked.Length != 2 * SecretBytes)
        {
            return false;
        }

        Span<byte> plain = stackalloc byte[SecretBytes];
        Mask(masked.AsSpan(SecretBytes), masked.AsSpan(0, SecretBytes), plain);
        return CryptographicOperations.FixedTimeEquals(HashOfForm(secret), plain);
    }

    public static string NewSecret() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(SecretBytes));

    public static bool IsSecret(string? text) =>
        text?.Length == Base64Url.GetEncodedLength(SecretBytes) && Base64Url.IsValid(text);

    private static byte[] HashOfForm(string secret) =>
        HMACSHA256.HashData(Encoding.ASCII.GetBytes(secret), "form"u8);

    private static void Mask(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> mask, Span<byte> masked)
    {
        for (var index = 0; index < masked.Length; index++)
        {
            masked[index] = (byte)(bytes[index] ^ mask[index]);
        }
    }

    private static byte[] HashOf(string secret) => SHA256.HashData(Encoding.ASCII.GetBytes(secret));

    private async ValueTask<BrowserSessionRow?> RowAsync(string secret, CancellationToken cancellation)
    {
        var ticket = known.Ticket();
        if (!known.TryGet(secret, out var row))
        {
            row = await store.BrowserSessions.FindAsync(HashOf(secret), cancellation);
            row = row is null || await people.IsSignedOutAsync(row.Sha256, cancellation) ? null : row;
            if (row is not null)
            {
                known.Remember(secret, row, ticket);
            }
        }

        return row is not null && clock.GetUtcNow() < row.ExpiresAt ? row : null;
    }
}

/// <summary>A person who signed in, in one browser.</summary>
/// <param name="Secret">What the cookie holds.</param>
internal sealed record PageSession(Bearer Bearer, string Secret);

/// <summary>
/// The cookies of the pages: no script reads them, and no other site's page sends them. Behind TLS they are such as no
/// neighbouring host and no plain connection can set.
/// </summary>
internal static class PageCookies
{
    public const string Session = "audit-session";

    /// <summary>Whom the sign-in form was given to, for it has no session yet.</summary>
    public const string SignIn = "audit-sign-in";

    private const string OfThisHost = "__Host-";

    public static string? Read(HttpContext context, string name) =>
        context.Request.Cookies[NameOf(context, name)] is { Length: > 0 } value ? value : null;

    public static void Set(HttpContext context, string name, string value, TimeSpan lasts) =>
        context.Response.Cookies.Append(NameOf(context, name), value, Options(context, lasts));

    public static void Remove(HttpContext context, string name) =>
        context.Response.Cookies.Delete(NameOf(context, name), Options(context, null));

    private static string NameOf(HttpContext context, string name) =>
        context.Request.IsHttps ? OfThisHost + name : name;

    private static CookieOptions Options(HttpContext context, TimeSpan? lasts) => new()
    {
        HttpOnly = true,
        SameSite = SameSiteMode.Strict,
        Secure = context.Request.IsHttps,
        Path = "/",
        MaxAge = lasts,
        IsEssential = true,
    };
}
