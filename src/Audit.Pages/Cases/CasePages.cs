using Audit.Api.Cases;
using Audit.Pages.Access;

namespace Audit.Pages.Cases;

/// <summary>`/cases`, where something is pinned too, and `/case?id=`, with the forms by which a case is kept.</summary>
internal sealed class CasePages(CaseBook book, CaseActs acts, CaseLooks looks) : IPageGroup
{
    /// <summary>What is done with a case, as the API names it.</summary>
    private static readonly string[] Acts = ["pins", "unpin", "notes", "close"];

    private const int CasesOnPage = 50;

    public void Map(PageMap pages)
    {
        foreach (var what in Acts)
        {
            pages.Post("/case/" + what, CaseBook.MayWrite, visit => ActAsync(visit, what)).Scoped(Scope.Unbound);
        }

        pages.Get("/cases", Roles.Read, ListAsync).Scoped(Scope.Unbound);
        pages.Get("/case", Roles.Read, ShowAsync).Scoped(Scope.Unbound);
        pages.Post("/cases", CaseBook.MayWrite, OpenAsync).Scoped(Scope.Unbound);
    }

    private async Task<PageAnswer> ListAsync(Visit visit)
    {
        var query = visit.Query;
        var wanted = new PinWanted(
            query.Text("source"), query.Text("session"), query.Text("call"), query.Text("window"), query.Text("q"));
        // What is to be pinned goes into a case that is open.
        var (cases, next) = await book.ListAsync(
            CasesOnPage, query.Cursor(visit.Scope), wanted.IsNothing ? query.Flag("open") : true, visit.Cancellation);
        var list = new ListView<CaseSummary>(cases, next is { } place ? visit.Scope.WriteCursor(place) : null);
        return PageAnswer.Show<CaseListPage>(
            wanted.IsNothing ? "Cases" : "Pin to a case", "cases", new CaseListView(list, wanted));
    }

    private async Task<PageAnswer> ShowAsync(Visit visit)
    {
        var file = await book.FindAsync(visit.Query.RequiredId("id"), visit.Cancellation);
        var found = await looks.OfAsync(file.Pins, visit.Reads, visit.Bearer, visit.Cancellation);
        return PageAnswer.Show<CasePage>(file.Title, "cases", new CasePageView(file, found, visit.Recorded));
    }

    /// <summary>Opens a case, and pins to it what the form brings along.</summary>
    private async Task<PageAnswer> OpenAsync(Visit visit)
    {
        var form = visit.Form;
        var opened = await book.OpenAsync(
            PageForm.Body(("title", form.Text("title"))), visit.Bearer, visit.Cancellation);
        return PinWanted.Of(form).IsNothing
            ? PageAnswer.Go(Links.With(Links.Case(opened.Id), ("recorded", opened.Opening.Position)))
            : await ActAsync(visit, "pins", opened.Id);
    }

    private Task<PageAnswer> ActAsync(Visit visit, string what) => ActAsync(visit, what, visit.Form.Required("case"));

    private async Task<PageAnswer> ActAsync(Visit visit, string what, string id)
    {
        var (form, wanted) = (visit.Form, PinWanted.Of(visit.Form));
        var body = PageForm.Body(
            ("source", wanted.Source), ("session_id", wanted.Session), ("tool_call_id", wanted.Call),
            ("window_id", wanted.Window), ("query", wanted.Query), ("note", form.Text("note")),
            ("pin", long.TryParse(
                form.Text("pin"), NumberStyles.None, CultureInfo.InvariantCulture, out var pin) ? pin : null));
        var receipt = await acts.DoAsync(what, id, body, visit.Bearer, visit.Reads, visit.Cancellation);
        return visit.Answer(receipt, Links.Case(id));
    }
}

/// <summary>What somebody is about to pin: a call, a window or a search.</summary>
public sealed record PinWanted(string? Source, string? Session, string? Call, string? Window, string? Query)
{
    public bool IsNothing => (Call ?? Window ?? Query) is null;

    public string Sentence => Call is not null ? $"the call {Call}" : Window is not null ? $"the window {Window}"
        : $"the search {Query}";

    /// <summary>As fields of a form, and of the address of the page with it.</summary>
    public IEnumerable<(string Name, object? Value)> Fields =>
        [("source", Source), ("session", Session), ("call", Call), ("window", Window), ("q", Query)];

    internal static PinWanted Of(PageForm form) => new(
        form.Text("source"), form.Text("session"), form.Text("call"), form.Text("window"), form.Text("q"));
}

/// <param name="Wanted">What is to be pinned, if anything.</param>
public sealed record CaseListView(ListView<CaseSummary> Cases, PinWanted Wanted);

public sealed record CasePageView(CaseFile File, IReadOnlyList<PinLook> Looks, long? Recorded);
