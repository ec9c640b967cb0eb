using System.Text.Json;
using Audit.Pages.Shared;

namespace Audit.Pages.Live;

/// <summary>An event in one line, as the page's module writes it too.</summary>
/// <param name="Where">The page of what it tells of; null where there is none.</param>
public sealed record LiveRow(long Position, Timestamp At, string Event, string Stream, string? Where, string? Tool, string? Move, string? Host)
{
    internal static LiveRow Of(JournalRow row)
    {
        var at = Timestamp.From(new DateTime(row.CreatedTicks, DateTimeKind.Utc));
        var plain = new LiveRow(row.Position, at, EventReader.NameOf(row.Manifest), row.PersistenceId, WhereOf(row.PersistenceId), null, null, null);
        if (!RowWriter.IsOurs(row))
        {
            return plain;
        }

        using var message = JsonDocument.Parse(row.Message, new JsonDocumentOptions { MaxDepth = StrictJsonReader.MaxDepth + 8 });
        var root = message.RootElement;
        var (from, to) = (Text(root, "from"), Text(root, "to"));
        var record = root.TryGetProperty("record", out var told) && told.ValueKind == JsonValueKind.Object ? told : default;
        return plain with
        {
            Tool = Text(record, "tool_name"),
            Move = to is not null ? $"{from} → {to}" : Text(root, "reason") ?? Text(root, "type") ?? Text(root, "act"),
            Host = Text(root, "host") ?? Text(root, "by") ?? Text(root, "actor"),
        };
    }

    private static string? WhereOf(string stream) => stream.Split('|', 3) switch
    {
        ["tool-call", var session, var call] => Links.Call(session, call),
        ["session", var session] => Links.Session(session),
        ["task-window", var window] => Links.Window(window),
        _ => null,
    };

    private static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString() : null;
}
