namespace Audit.Pages.Live;

/// <summary>`/live`: the end of the journal, and what comes.</summary>
internal sealed class LivePages(IJournal journal) : IPageGroup
{
    private const int RowsOnPage = 50;
    private const int RowsLookedAt = 1_000;
    private const long BytesLookedAt = 2 << 20;

    public void Map(PageMap pages) => pages.Get("/live", Roles.Read, ShowAsync);

    private async Task<PageAnswer> ShowAsync(Visit visit)
    {
        var filter = new RowFilter(visit.Bearer)
        {
            Session = visit.Query.Text("session"), Task = visit.Query.Text("task"), Tool = visit.Query.Text("tool"),
        };
        var withAdministration = visit.Query.Flag("admin") is true && visit.Bearer.IsAdmin;
        var last = await journal.LastPositionAsync(visit.Cancellation);
        var rows = await journal.ReadBeforeAsync(last + 1, RowsLookedAt, BytesLookedAt, visit.Cancellation);
        var shown = SeenRow.Of(rows)
            .Where(seen => withAdministration || !RowFilter.IsOfAdministration(seen.Row.PersistenceId))
            .Where(filter.Passes).Take(RowsOnPage).Select(LiveRow.Of).ToList();
        var view = new LiveView(shown, last, filter.Session, filter.Task, filter.Tool, withAdministration);
        return PageAnswer.Show<LivePage>("Live", "live", view, ["live"]);
    }
}

/// <summary>An event in one line, as the page's module writes it too.</summary>
/// <param name="Where">The page of what it is about; null where there is none.</param>
public sealed record LiveRow(
    long Position, Timestamp At, string Event, string Stream, string? Where, string? Tool, string? Move, string? Host)
{
    internal static LiveRow Of(SeenRow seen)
    {
        var row = seen.Row;
        ref readonly var view = ref seen.View;
        var move = view.Text(EventField.To) is { } to
            ? $"{view.Text(EventField.From)} → {to}"
            : view.Text(EventField.Reason) ?? view.Text(EventField.Type) ?? view.Text(EventField.Act);
        return new LiveRow(
            row.Position, Timestamp.From(new DateTime(row.CreatedTicks, DateTimeKind.Utc)),
            EventReader.NameOf(row.Manifest), row.PersistenceId, WhereOf(row.PersistenceId),
            view.Text(EventField.ToolName), move, view.Text(EventField.Host));
    }

    private static string? WhereOf(string stream) => stream.Split('|', 3) switch
    {
        ["tool-call", var session, var call] => Links.Call(session, call),
        ["session", var session] => Links.Session(session),
        ["task-window", var window] => Links.Window(window),
        _ => null,
    };
}

/// <param name="Rows">The latest events that pass the filter, newest first.</param>
/// <param name="After">The position from which the module reads on.</param>
public sealed record LiveView(
    IReadOnlyList<LiveRow> Rows, long After, string? Session, string? Task, string? Tool, bool WithAdministration);
