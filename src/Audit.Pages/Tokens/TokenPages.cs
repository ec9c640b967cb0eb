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
