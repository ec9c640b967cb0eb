namespace Audit.Pages.Access;

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
