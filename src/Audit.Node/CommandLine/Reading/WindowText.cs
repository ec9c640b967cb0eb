using System.Text.Json;

namespace Audit.Node.CommandLine.Reading;

/// <summary>A window for a person: who, for what, from when until when, on whose word, and what was done.</summary>
internal static class WindowText
{
    private static readonly Column[] History =
    [
        new("at", item => item.Clock("at")), Column.Of("event"), Column.Of("by"), Column.Of("on_behalf_of", "on behalf of"),
        Column.Of("reason"), new("closes", item => item.Clock("closes_at")), Column.Of("violation"),
    ];

    public static void Write(Surroundings surroundings, JsonElement window)
    {
        var page = new TextPage(surroundings);
        page.Title($"window {window.Cell("window_id")}: {window.Cell("state")}");
        page.Line("task", window.Cell("task_id"));
        page.Line("agent", window.Cell("agent"));
        page.Line("scope", window.Cell("scope"));
        page.Line("reason", window.Cell("reason"));
        page.Line("from", window.Clock("opens_at"));
        page.Line("until", window.Clock(window.Text("ended_at") is null ? "closes_at" : "ended_at"));
        page.Line("requested by", window.Cell("requested_by"));
        page.Line("approved by", window.Cell("approved_by") + (window.Cell("self_granted") == "yes" ? ", for itself" : ""));
        page.Table("history", History, window.GetProperty("history"));
        page.Table("done in it, in order", CallColumns.All, window.GetProperty("done").GetProperty("items"));
        WriteList(page, "OUTSIDE of any window, by the same agent for the same task", window, "outside_window");
        WriteList(page, "OUT OF SCOPE", window, "out_of_scope");
    }

    private static void WriteList(TextPage page, string title, JsonElement window, string member)
    {
        if (window.TryGetProperty(member, out var list))
        {
            page.Table(title, CallColumns.All, list.GetProperty("items"));
        }
    }
}
