namespace Audit.Pages.Access;

/// <summary>The cookies of the pages: no script reads them, and no other site's page sends them.</summary>
internal static class PageCookies
{
    public const string Session = "audit-session";

    /// <summary>Whom the sign-in form was given to, for it has no session yet.</summary>
    public const string SignIn = "audit-sign-in";

    public static void Set(HttpContext context, string name, string value, TimeSpan lasts) =>
        context.Response.Cookies.Append(name, value, Options(context, lasts));

    public static void Remove(HttpContext context, string name) =>
        context.Response.Cookies.Delete(name, Options(context, null));

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
