using Audit.Api.Acting;
using Audit.Api.Intake;
using Audit.Api.Reading;

namespace Audit.Api.Cases;

/// <summary>A search that somebody keeps under a name.</summary>
/// <param name="Query">Its relative times are those of the moment at which it is opened.</param>
/// <param name="Sort">By what a page orders it, with - the other way round; null for the book's order.</param>
/// <param name="Columns">Those that a page shows; none for all.</param>
/// <param name="IsShared">Whether everybody sees it who sees the whole book.</param>
public sealed record SavedView(
    string Id, string Name, string Query, string? Sort, IReadOnlyList<string> Columns, bool IsShared, string By,
    Timestamp At)
{
    /// <summary>The columns of what a search finds, in their order.</summary>
    public static readonly IReadOnlyList<string> AllColumns =
        ["at", "tool", "state", "what", "agent", "task", "session", "ran", "marks", "position"];

    /// <summary>Those by which what was found can be ordered.</summary>
    public static readonly IReadOnlyList<string> Orders = ["at", "tool", "state", "agent", "task", "session", "ran"];

    public bool IsOf(string query, string? sort, IReadOnlyList<string> columns) =>
        (Query, Sort) == (query, sort) && Columns.SequenceEqual(columns);

    /// <returns>Null where it is one, else the sentence that says what is.</returns>
    public static string? RefuseSort(string sort) => Orders.Contains(sort.StartsWith('-') ? sort[1..] : sort) ? null
        : $"one of {string.Join(", ", Orders)} is expected, with - the other way round, not \"{sort}\"";

    /// <inheritdoc cref="RefuseSort"/>
    public static string? RefuseColumns(IReadOnlyList<string> names) =>
        names.FirstOrDefault(name => !AllColumns.Contains(name)) is not { } wrong ? null
        : $"some of {string.Join(", ", AllColumns)} are expected, not \"{wrong}\"";

    /// <summary>Columns in their order, each once; none where all are meant.</summary>
    public static IReadOnlyList<string> ColumnsOf(IReadOnlyList<string> names) =>
        AllColumns.All(names.Contains) ? [] : [.. AllColumns.Where(names.Contains)];
}

/// <summary>
/// Searches that are kept, as the book has them: a stream for everybody's, and one for each who keeps some for himself.
/// A token that is bound, or names no person, keeps its own and sees none of others: they say what others look for.
/// </summary>
internal sealed class ViewBook(IAuditStore store, RecordIntake intake, CaseBook acts)
{
    /// <summary>What is read each time is bounded by the saves, of which each is removed once at most.</summary>
    public const int LongestName = 80, LongestQuery = 1_000, MostViews = 50, MostSaves = 300;

    /// <summary>Who reads keeps for himself what he asks; what others see is for who also writes in cases.</summary>
    public const Roles MaySave = Roles.Read | MayShare, MayShare = CaseBook.MayWrite;

    private const string Saved = "view.saved", Removed = "view.removed";
    private const int MostTries = 20;

    private static readonly string[] Members = ["name", "query", "sort", "columns", "shared"];

    /// <summary>One's own and then everybody's, each by name.</summary>
    public async Task<IReadOnlyList<SavedView>> ListAsync(Bearer bearer, CancellationToken cancellation) =>
        [.. (await ReadAsync(bearer, cancellation)).SelectMany(list => list.Views.OrderBy(
            view => view.Name, StringComparer.OrdinalIgnoreCase))];

    /// <exception cref="RefusedException">It cannot be kept.</exception>
    public async Task<SavedView> SaveAsync(
        StrictObject body, Bearer actor, SearchIndex search, CancellationToken cancellation)
    {
        body.RequireOnly(Members);
        var (name, query, isShared) = (NameIn(body), QueryIn(body, search), body.Flag("shared"));
        var (sort, columns) = (body.Text("sort"), body.Texts("columns", SavedView.AllColumns.Count) ?? []);
        if (sort is not null && SavedView.RefuseSort(sort) is { } wrong)
        {
            throw new UnreadableException("sort", wrong);
        }

        if (SavedView.RefuseColumns(columns) is { } none)
        {
            throw new UnreadableException("columns", none);
        }

        if (isShared && (IsAlone(actor) || !actor.HasAny(MayShare)))
        {
            throw new RefusedException(Problem.Forbidden(IsAlone(actor)
                ? $"The token \"{actor.Name}\" {(actor.IsBound ? "is bound" : "names no person")}, and what it keeps is "
                    + "its own."
                : $"What everybody sees is kept by a token with the role {RoleNames.Join(MayShare)}."));
        }

        if (intake.Redactor is { } redactor && (redactor.Text(query) != query || redactor.Text(name) != name))
        {
            throw new RefusedException(Problem.Unprocessable(
                "There is what looks like a secret in it, which is stored nowhere, so that it would ask for something "
                + "else; leave that away."));
        }

        var id = "v-" + Guid.CreateVersion7(intake.Clock.GetUtcNow()).ToString("N");
        var draft = new CaseDraft(
            Saved, [("id", id)], ("name", name), ("query", query), ("sort", sort),
            ("columns", SavedView.ColumnsOf(columns) is { Count: > 0 } some ? string.Join(',', some) : null));
        return await WriteAsync(
            actor, isShared, draft,
            list => list.Views.FirstOrDefault(view => view.Name == name) is { } known
                ? throw new RefusedException(Problem.Conflict(
                    $"{known.By} keeps a search as \"{name}\" already; remove that one first, or choose another name."))
                : list.Views.Count >= MostViews
                    ? throw new RefusedException(Problem.Unprocessable(
                        $"{MostViews} searches are kept there, which is the most; remove one first."))
                : list.Saves >= MostSaves
                    ? throw new RefusedException(Problem.Unprocessable(
                        $"Searches were kept there {MostSaves} times, which is the most; those that are kept stay, and "
                        + "can be removed."))
                    : true,
            list => list.Views.First(view => view.Id == id), cancellation);
    }

    /// <exception cref="RefusedException">There is no such view, or it is not this bearer's to remove.</exception>
    public async Task RemoveAsync(string id, Bearer actor, CancellationToken cancellation)
    {
        var views = await ListAsync(actor, cancellation);
        var view = views.FirstOrDefault(one => one.Id == id)
            ?? throw new RefusedException(Problem.NotFound($"No search is kept as \"{id}\"."));
        if (view.IsShared && !actor.HasAny(MayShare))
        {
            throw new RefusedException(Problem.Forbidden(
                $"What everybody sees is removed by a token with the role {RoleNames.Join(MayShare)}."));
        }

        await WriteAsync(
            actor, view.IsShared, new CaseDraft(Removed, [("id", id)]),
            list => list.Views.Any(one => one.Id == id), _ => view, cancellation);
    }

    /// <summary>Writes an act behind what its stream has, where that is still to be done.</summary>
    private async Task<SavedView> WriteAsync(
        Bearer actor, bool isShared, CaseDraft draft, Func<ViewList, bool> isNeeded, Func<ViewList, SavedView> resultOf,
        CancellationToken cancellation)
    {
        for (var tries = 1; tries <= MostTries; tries++)
        {
            var list = (await ReadAsync(actor, cancellation)).First(one => one.IsShared == isShared);
            if (!isNeeded(list))
            {
                return resultOf(list);
            }

            if (await acts.WriteAsync(list.Stream, actor, draft, list.Last) is not null)
            {
                return resultOf((await ReadAsync(actor, cancellation)).First(one => one.IsShared == isShared));
            }
        }

        throw new RefusedException(Problem.Conflict("Others keep searches at this moment; try again."));
    }

    private async Task<IReadOnlyList<ViewList>> ReadAsync(Bearer bearer, CancellationToken cancellation)
    {
        var isAlone = IsAlone(bearer);
        var own = StreamNames.ViewsOf(isAlone ? $"token {bearer.Name}" : $"person {bearer.Person}");
        string[] names = isAlone ? [own] : [own, StreamNames.Views];
        var streams = await store.Opened.ReadStreamsAsync(
            [.. names.Select(name => new StreamKey(name))], cancellation);
        return [.. names.Zip(streams, (name, rows) => ViewList.Of(name, rows))];
    }

    /// <summary>Whether it may be in the hands of a program, which neither sees what others look for nor shares.</summary>
    private static bool IsAlone(Bearer bearer) => bearer.IsBound || bearer.Person == Bearer.NoPerson;

    private static string NameIn(StrictObject body) =>
        CaseBook.Said(body, "name", LongestName)!.Trim() is var name && name.Any(char.IsControl)
            ? throw new UnreadableException("name", "a text in one line is expected")
            : name;

    private static string QueryIn(StrictObject body, SearchIndex search)
    {
        var query = body.RequiredText("query").Trim();
        if (query.Length > LongestQuery)
        {
            throw new UnreadableException("query", $"{query.Length} characters; at most {LongestQuery} are accepted");
        }

        // What cannot be read is refused with the place of the fault.
        _ = search.Parse(query);
        return query;
    }

    /// <summary>What one stream has.</summary>
    /// <param name="Saves">How often something was kept there, with what is removed again.</param>
    private sealed record ViewList(string Stream, IReadOnlyList<SavedView> Views, int Saves, long Last)
    {
        public bool IsShared => Stream == StreamNames.Views;

        public static ViewList Of(string stream, IReadOnlyList<JournalRow> rows)
        {
            var (views, saves) = (new List<SavedView>(), 0);
            foreach (var row in rows.Where(row => row.IsProven))
            {
                var view = EventReader.ViewOf(row);
                var (facts, said) = (
                    CaseFile.Members(view, EventField.Facts), CaseFile.Members(view, EventField.Detail));
                var id = CaseFile.Text(facts, "id") ?? "";
                if (view.Text(EventField.Act) == Removed)
                {
                    views.RemoveAll(one => one.Id == id);
                    continue;
                }

                saves++;
                if (CaseFile.Text(said, "query") is { } query)
                {
                    views.Add(new SavedView(
                        id, CaseFile.Text(said, "name") ?? id, query, CaseFile.Text(said, "sort"),
                        CaseFile.Text(said, "columns")?.Split(',') ?? [], stream == StreamNames.Views,
                        CaseFile.Text(facts, "person") ?? view.Text(EventField.Token) ?? "",
                        view.RequiredTime(EventField.ReceivedAt)));
                }
            }

            return new ViewList(stream, views, saves, rows.Count == 0 ? 0 : rows[^1].Sequence);
        }
    }
}

/// <summary>
/// `/v1/views`: searches that are kept under names. Whoever opens one finds what his own token may see.
/// </summary>
internal sealed class ViewEndpoints(ViewBook book, ReadSide reads) : IEndpointGroup
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.Get(
            "/v1/views", context => AnswerAsync(context), ViewBook.MaySave,
            "Lists the searches that are kept: one's own, and everybody's.",
            "A query's relative times are those of the moment at which it is asked. A token that is bound, "
            + "or names no person, sees its own alone.")
            .Produces<ItemPage<ViewAnswer>>().Scoped(Scope.Binding);
        routes.Post(
            "/v1/views", SaveAsync, ViewBook.MaySave, "Keeps a search under a name.",
            "The body is {name, query, sort?, columns?, shared?}. What everybody sees is kept by the roles approve and "
            + "admin.")
            .Produces<ViewAnswer>(StatusCodes.Status201Created).Scoped(Scope.Own);
        routes.Post(
            "/v1/views/{id}/remove", RemoveAsync, ViewBook.MaySave, "Removes a search that is kept.",
            "Answers with those that are left. That it was there stays in the book.")
            .Produces<ItemPage<ViewAnswer>>().Scoped(Scope.Own);
    }

    private async Task<IResult> SaveAsync(HttpContext context) => Reply.Json(
        Of(await book.SaveAsync(
            await context.ReadObjectAsync(), context.Bearer(), reads.Search, context.RequestAborted)),
        StatusCodes.Status201Created);

    private async Task<IResult> RemoveAsync(HttpContext context)
    {
        await book.RemoveAsync(context.PathId("id"), context.Bearer(), context.RequestAborted);
        return await AnswerAsync(context);
    }

    private async Task<IResult> AnswerAsync(HttpContext context) => Reply.Json(new ItemPage<ViewAnswer>(
        [.. (await book.ListAsync(context.Bearer(), context.RequestAborted)).Select(Of)], null));

    private static ViewAnswer Of(SavedView view) => new(
        view.Id, view.Name, view.Query, view.Sort, view.Columns.Count == 0 ? null : view.Columns, view.IsShared,
        view.By, WireOf.Of(view.At));
}
