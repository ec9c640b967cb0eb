using Audit.Pages.Access;

namespace Audit.Pages.Tokens;

/// <summary>`/tokens`, for administrators.</summary>
internal sealed class TokenPages(TokenBook book, ITokenStore tokens) : IPageGroup
{
    public void Map(PageMap pages)
    {
        pages.Get("/tokens", Roles.Admin, visit => ShowAsync(visit, null));
        pages.Post("/tokens", Roles.Admin, MakeAsync);
        pages.Post("/tokens/revoke", Roles.Admin, RevokeAsync);
    }

    private async Task<PageAnswer> ShowAsync(Visit visit, (string Name, string Text)? made)
    {
        var all = await tokens.ListAsync(visit.Cancellation);
        return PageAnswer.Show<TokenListPage>("Tokens", "tokens", new TokenListView(all, made));
    }

    private async Task<PageAnswer> MakeAsync(Visit visit)
    {
        var form = visit.Form;
        var wanted = TokenEndpoints.ReadWanted(PageForm.Body(
            ("name", form.Text("name")), ("roles", form.Texts("roles")),
            ("agent", form.Text("agent")), ("task", form.Text("task"))));
        return await book.CreateAsync(wanted, visit.Bearer.Name, visit.Cancellation) is { } text
            ? await ShowAsync(visit, (wanted.Name, text))
            : PageAnswer.Wrong(Problem.Conflict(TokenBook.TakenSentence(wanted.Name)));
    }

    private async Task<PageAnswer> RevokeAsync(Visit visit)
    {
        var name = visit.Form.Required("name");
        return await book.RevokeAsync(name, visit.Bearer.Name, visit.Cancellation)
            ? PageAnswer.Go("/tokens")
            : PageAnswer.Wrong(Problem.NotFound(TokenBook.UnknownSentence(name)));
    }
}

/// <param name="Made">The token that was just made and is shown this once: its name and its text.</param>
public sealed record TokenListView(IReadOnlyList<TokenRow> Tokens, (string Name, string Text)? Made);
