using Audit.Api.Access;

namespace Audit.Api.Reading;

/// <summary>
/// Which events an export holds. A call or a window belongs to its task with all its events, also those that name no task; to a window
/// belong its own events and what its agent did for its task while it was open.
/// </summary>
internal sealed class ExportFilter(ExportRequest request, WindowHistory? window, Bearer bearer)
{
    private readonly RowFilter mayBeSeen = new(bearer);
    private readonly HashSet<string> streamsOfTask = [];
    private readonly HashSet<string> callsOfWindow = [];

    public bool Passes(JournalRow row, BookEvent told) =>
        mayBeSeen.Passes(row)
        && (request.After is not { } after || after.Compare(told) > 0)
        && (request.Before is not { } before || before.Compare(told) < 0)
        && (request.Session is null || told.SessionId == request.Session)
        && (request.Task is null || IsOf(streamsOfTask, told, told.TaskId == request.Task))
        && (request.Window is null || told.WindowId == request.Window || IsInWindow(told));

    private bool IsInWindow(BookEvent told)
    {
        var isOfItsTask = window?.Terms is { } terms && told.TaskId == terms.TaskId && told.Agent == terms.Agent;
        return IsOf(callsOfWindow, told, isOfItsTask)
            && Rfc3339.TryParse(told.HappenedAt ?? told.ReceivedAt ?? "", out var at) && window!.IsOpenAt(at);
    }

    private static bool IsOf(HashSet<string> streams, BookEvent told, bool isNamed)
    {
        if (isNamed && (told.ToolCallId ?? told.WindowId) is not null)
        {
            streams.Add(told.Stream);
        }

        return isNamed || streams.Contains(told.Stream);
    }
}
