using Audit.Pages.Access;

namespace Audit.Pages.Tokens;

/// <summary>`/tokens`, for administrators.</summary>
internal sealed class TokenPages(TokenBook book, IAuditStore store, PeopleNow people) : IPageGroup
{
    public void Map(PageMap pages)
    {
        pages.Get("/tokens", Roles.Admin, visit => ShowAsync(visit, null)).Scoped(Scope.Administration);
        pages.Post("/tokens", Roles.Admin, MakeAsync).Scoped(Scope.Administration);
        pages.Post("/tokens/revoke", Roles.Admin, RevokeAsync).Scoped(Scope.Administration);
    }

    private async Task<PageAnswer> ShowAsync(Visit visit, (string Name, string Text)? made)
    {
        var rows = await store.Tokens.ListAsync(visit.Cancellation);
        var all = await people.AsTheyAreAsync(rows, visit.Cancellation);
        return PageAnswer.Show<TokenListPage>("Tokens", "tokens", new TokenListView(all, made));
    }

    private async Task<PageAnswer> MakeAsync(Visit visit)
    {
        var form = visit.Form;
        var wanted = TokenEndpoints.ReadWanted(PageForm.Body(
            ("name", form.Text("name")), ("roles", form.Texts("roles")), ("person", form.Text("person")),
            ("source", form.Text("source")), ("expires", form.Text("expires")), ("agents", Names(form, "agents")),
            ("tasks", Names(form, "tasks")), ("sources", Names(form, "sources"))));
        return await book.CreateAsync(wanted, Actor.Of(visit.Bearer), visit.Cancellation) is var (row, text)
            ? await ShowAsync(visit, (row.Name, text))
            : PageAnswer.Wrong(Problem.Conflict(TokenBook.TakenSentence(wanted.Name)));
    }

    /// <summary>One name a line.</summary>
    private static string[]? Names(PageForm form, string field) => form.Text(field)?.Split(
        '\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private async Task<PageAnswer> RevokeAsync(Visit visit)
    {
        var name = visit.Form.Required("name");
        return await book.RevokeAsync(name, Actor.Of(visit.Bearer), visit.Cancellation)
            ? PageAnswer.Go("/tokens")
            : PageAnswer.Wrong(Problem.NotFound(TokenBook.UnknownSentence(name)));
    }
}

/// <param name="Made">The token that was just made and is shown this once: its name and its text.</param>
public sealed record TokenListView(IReadOnlyList<TokenRow> Tokens, (string Name, string Text)? Made);

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
            visit => Task.FromResult(Form(visit, ReturnPath.Of(visit.Context.Request.Query["return"]), null)))
            .Scoped(Scope.Public);
        pages.Post("/sign-in", Roles.None, SignInAsync).Scoped(Scope.Public);
        pages.Post("/sign-out", Roles.Any, SignOutAsync).Scoped(Scope.Public);
    }

    private static PageAnswer Form(Visit visit, string back, string? wrong)
    {
        var browser = BrowserOf(visit.Context) ?? PageSessions.NewSecret();
        PageCookies.Set(visit.Context, PageCookies.SignIn, browser, FormLasts);
        var view = new SignInView(PageSessions.FormSecret(browser), back, wrong);
        return PageAnswer.Show<SignInPage>(
            "Sign in", "", view, status: wrong is null ? StatusCodes.Status200OK : StatusCodes.Status403Forbidden);
    }

    private async Task<PageAnswer> SignInAsync(Visit visit)
    {
        var form = await PageForm.ReadAsync(visit.Context);
        var back = ReturnPath.Of(form?.Text("return"));
        if (form is null || BrowserOf(visit.Context) is not { } browser
            || !PageSessions.IsFormSecret(browser, form.Text(PageForm.Secret)))
        {
            return Form(visit, back, NotOwn);
        }

        if (await sessions.SignInAsync(form.Required("token"), visit.Context) is not { } cookie)
        {
            return Form(visit, back, "This token is not known here, or it was revoked, or its time is over.");
        }

        PageCookies.Remove(visit.Context, PageCookies.SignIn);
        PageCookies.Set(visit.Context, PageCookies.Session, cookie, PageSessions.Lasts);
        return PageAnswer.Go(back);
    }

    private async Task<PageAnswer> SignOutAsync(Visit visit)
    {
        await sessions.SignOutAsync(visit.Context.Features.Get<PageSession>()!, visit.Cancellation);
        PageCookies.Remove(visit.Context, PageCookies.Session);
        return PageAnswer.Go("/sign-in");
    }

    private static string? BrowserOf(HttpContext context) =>
        PageCookies.Read(context, PageCookies.SignIn) is { } text && PageSessions.IsSecret(text) ? text : null;
}

public sealed record SignInView(string FormSecret, string Return, string? Wrong);
