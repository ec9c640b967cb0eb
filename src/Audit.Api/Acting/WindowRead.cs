using Audit.Api.Access;
using Audit.Api.Hosting;

namespace Audit.Api.Acting;

/// <summary>A window folded from its stream, with the rows it was folded from.</summary>
internal sealed record WindowRead(string Id, WindowHistory Window, IReadOnlyList<(JournalRow Row, WindowEvent Happened)> Events)
{
    public static async Task<WindowRead> ReadAsync(NodeParts node, string id, CancellationToken cancellation)
    {
        var rows = await node.Journal.ReadStreamAsync(
            new StreamKey(StreamNames.Window(id)), afterSequence: 0, WindowLimits.Events, cancellation);
        var events = rows.Select(row => (row, EventReader.ReadWindow(row))).ToList();
        var window = events.Aggregate(WindowHistory.Empty, (before, next) => WindowDecider.Evolve(before, next.Item2));
        return new WindowRead(id, window, events);
    }

    public string? RefuseFor(Bearer bearer) =>
        Window.Terms is { } terms ? bearer.RefuseBound(terms.Agent, terms.TaskId)
        : bearer.Agent is null && bearer.Task is null ? null
        : "The token is bound to an agent or a task, and the window names none.";

    /// <summary>Where the window stands, with what the clock alone tells.</summary>
    public string StateAt(Timestamp now) => Window.State switch
    {
        WindowState.Approved when now < Window.OpensAt => "upcoming",
        WindowState.Approved => Window.IsExpiredAt(now) ? "expired" : "open",
        var state => EventWriter.WordOf(state),
    };
}
