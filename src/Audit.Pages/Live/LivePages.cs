namespace Audit.Pages.Live;

/// <summary>`/live`: the end of the journal, and what comes.</summary>
internal sealed class LivePages(IJournal journal) : IPageGroup
{
    private const int RowsOnPage = 50;
    private const int RowsLookedAt = 1_000;
    private const long BytesLookedAt = 2 << 20;

    public void Map(PageMap pages) => pages.Get("/live", Roles.Read, ShowAsync).Scoped(Scope.Binding);

    private async Task<PageAnswer> ShowAsync(Visit visit)
    {
        var withAdministration = visit.Query.Flag("admin") is true && visit.Bearer.SeesAdministration;
        var filter = new RowFilter(visit.Scope, withAdministration)
        {
            IsLive = true,
            Session = visit.Query.Text("session"), Source = visit.Query.Text("source"), Task = visit.Query.Text("task"), Tool = visit.Query.Text("tool"),
        };
        var last = await journal.LastPositionAsync(visit.Cancellation);
        var shown = await ReadAsync(filter, last + 1, visit.Cancellation);
        var view = new LiveView(
            shown, visit.Scope.Hide(last), filter.Session, filter.Source, filter.Task, filter.Tool, withAdministration);
        return PageAnswer.Show<LivePage>("Live", "live", view, ["live"]);
    }

    /// <summary>The newest events; for who sees a part of the journal as far back as there is one of its own.</summary>
    private async Task<List<LiveRow>> ReadAsync(RowFilter filter, long before, CancellationToken cancellation)
    {
        var shown = new List<LiveRow>();
        while (true)
        {
            var rows = await journal.ReadBeforeAsync(before, RowsLookedAt, BytesLookedAt, cancellation);
            shown.AddRange(SeenRow.Of(rows).Where(filter.Passes).Take(RowsOnPage - shown.Count)
                .Select(seen => LiveRow.Of(seen, filter.Scope)));
            if (rows.Count == 0 || shown.Count == RowsOnPage || filter.Scope.IsAll)
            {
                return shown;
            }

            before = rows[^1].Position;
        }
    }
}

/// <summary>An event in one line, as the page's module writes it too.</summary>
/// <param name="Where">The page of what it is about; null where there is none.</param>
public sealed record LiveRow(
    long Position, Timestamp At, string Event, string Stream, string? Where, string? Tool, string? Move, string? Token)
{
    internal static LiveRow Of(SeenRow seen, ReadScope scope)
    {
        var row = seen.Row;
        seen.TraceIn(scope);
        ref readonly var view = ref seen.View;
        var move = view.Text(EventField.To) is { } to
            ? $"{view.Text(EventField.From)} → {to}"
            : view.Text(EventField.Reason) ?? view.Text(EventField.Type) ?? view.Text(EventField.Act);
        return new LiveRow(
            scope.Hide(row.Position), Timestamp.From(new DateTime(row.CreatedTicks, DateTimeKind.Utc)),
            EventReader.NameOf(row.Manifest), row.PersistenceId, WhereOf(view),
            view.Text(EventField.ToolName), move, view.Text(EventField.Token));
    }

    private static string? WhereOf(in EventView view)
    {
        if (view.Text(EventField.WindowId) is { } window)
        {
            return Links.Window(window);
        }

        if (view.Text(EventField.Source) is not { } source || view.Text(EventField.SessionId) is not { } id)
        {
            return null;
        }

        var session = new SessionName(source, id);
        return view.Text(EventField.ToolCallId) is { } call ? Links.Call(session, call) : Links.Session(session);
    }
}

/// <param name="Rows">The latest events that pass the filter, newest first.</param>
/// <param name="After">The position from which the module reads on.</param>
public sealed record LiveView(
    IReadOnlyList<LiveRow> Rows, long After, string? Session, string? Source, string? Task, string? Tool,
    bool WithAdministration);
