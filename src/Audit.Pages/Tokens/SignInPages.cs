using System.Buffers.Text;
using Audit.Pages.Access;

namespace Audit.Pages.Tokens;

/// <summary>`/sign-in` and `/sign-out`.</summary>
internal sealed class SignInPages(PageSessions sessions) : IPageGroup
{
    private const string NotOwn =
        "The form was not given to this browser, or it is too old, or cookies are off. Try again.";

    private static readonly TimeSpan FormLasts = TimeSpan.FromHours(1);

    public void Map(PageMap pages)
    {
        pages.Get(
            "/sign-in", Roles.None,
            visit => FormAsync(visit, ReturnPath.Of(visit.Context.Request.Query["return"]), null));
        pages.Post("/sign-in", Roles.None, SignInAsync);
        pages.Post("/sign-out", Roles.Any, SignOut);
    }

    private async Task<PageAnswer> FormAsync(Visit visit, string back, string? wrong)
    {
        var id = BrowserOf(visit.Context) ?? PageSessions.NewId();
        PageCookies.Set(visit.Context, PageCookies.SignIn, Base64Url.EncodeToString(id), FormLasts);
        var view = new SignInView(await sessions.FormSecretAsync(id, visit.Cancellation), back, wrong);
        return PageAnswer.Show<SignInPage>(
            "Sign in", "", view, status: wrong is null ? StatusCodes.Status200OK : StatusCodes.Status403Forbidden);
    }

    private async Task<PageAnswer> SignInAsync(Visit visit)
    {
        var form = await PageForm.ReadAsync(visit.Context);
        var back = ReturnPath.Of(form?.Text("return"));
        if (form is null || BrowserOf(visit.Context) is not { } id
            || !await sessions.IsFormSecretAsync(id, form.Text(PageForm.Secret), visit.Cancellation))
        {
            return await FormAsync(visit, back, NotOwn);
        }

        if (await sessions.SignInAsync(form.Required("token"), visit.Cancellation) is not { } cookie)
        {
            return await FormAsync(visit, back, "This token is not known here, or it was revoked.");
        }

        PageCookies.Remove(visit.Context, PageCookies.SignIn);
        PageCookies.Set(visit.Context, PageCookies.Session, cookie, PageSessions.Lasts);
        return PageAnswer.Go(back);
    }

    private Task<PageAnswer> SignOut(Visit visit)
    {
        sessions.SignOut(visit.Context.Features.Get<PageSession>()!);
        PageCookies.Remove(visit.Context, PageCookies.Session);
        return Task.FromResult(PageAnswer.Go("/sign-in"));
    }

    private static byte[]? BrowserOf(HttpContext context) =>
        context.Request.Cookies[PageCookies.SignIn] is { Length: 22 } text && Base64Url.IsValid(text)
            ? Base64Url.DecodeFromChars(text) : null;
}

public sealed record SignInView(string FormSecret, string Return, string? Wrong);
