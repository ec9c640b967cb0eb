using System.Text.Json;
using Audit.Api.Reading;

namespace Audit.Api.Acting;

/// <summary>Writes a window as the API shows it.</summary>
internal static class WindowWriter
{
    /// <param name="view">What was done in it; null while the read models do not know it yet.</param>
    public static void Write(Utf8JsonWriter json, WindowRead read, WindowView? view, Timestamp now)
    {
        var window = read.Window;
        json.WriteStartObject();
        json.WriteString("window_id", read.Id);
        json.WriteString("state", read.StateAt(now));
        WriteTerms(json, window.Terms);
        json.WriteString("opens_at", (window.OpensAt ?? window.Terms?.OpensAt)?.ToString());
        json.WriteString("closes_at", (window.ClosesAt ?? window.Terms?.ClosesAt)?.ToString());
        json.WriteString("ended_at", window.EndedAt?.ToString());
        json.WriteString("requested_by", window.RequestedBy);
        json.WriteString("approved_by", window.ApprovedBy);
        json.WriteBoolean("self_granted", window.SelfGranted);
        json.WriteNumber("violations", window.Violations);
        json.WriteStartArray("history");
        foreach (var (row, happened) in read.Events)
        {
            WriteEvent(json, row, happened);
        }

        json.WriteEndArray();
        WriteDeeds(json, "done", view?.Done ?? new([], null), WindowModelJson.WriteDeed);
        WriteDeeds(json, "outside_window", view?.Outside ?? new([], null), CallJson.Write);
        WriteDeeds(json, "out_of_scope", view?.OutOfScope ?? new([], null), CallJson.Write);
        json.WriteEndObject();
    }

    /// <summary>A window as it was.</summary>
    public static void Write(Utf8JsonWriter json, Past<PastWindow> past, Timestamp then)
    {
        json.WriteStartObject();
        WindowModelJson.WriteMembers(json, past.Item.Window, then);
        WindowModelJson.WriteActs(json, past.Item.Window);
        WriteDeeds(json, "done", new Page<WindowDeed>(past.Item.Done, null), WindowModelJson.WriteDeed);
        json.WriteNumber("as_of", past.Position);
        json.WriteEndObject();
    }

    private static void WriteDeeds<T>(Utf8JsonWriter json, string name, Page<T> page, Action<Utf8JsonWriter, T> write)
    {
        json.WriteStartObject(name);
        ModelAnswers.WritePage(json, page, _ => true, write);
        json.WriteEndObject();
    }

    private static void WriteTerms(Utf8JsonWriter json, WindowTerms? terms)
    {
        json.WriteString("task_id", terms?.TaskId);
        json.WriteString("agent", terms?.Agent);
        json.WriteStartArray("scope");
        foreach (var glob in terms?.Scope ?? [])
        {
            json.WriteStringValue(glob);
        }

        json.WriteEndArray();
        json.WriteString("reason", terms?.Reason);
        if (terms?.Duration is { } duration)
        {
            json.WriteNumber("duration_seconds", duration.TotalSeconds);
        }
    }

    private static void WriteEvent(Utf8JsonWriter json, JournalRow row, WindowEvent happened)
    {
        var message = happened.Message;
        json.WriteStartObject();
        json.WriteNumber("position", row.Position);
        json.WriteNumber("sequence", row.Sequence);
        json.WriteString("event", EventReader.NameOf(row.Manifest));
        json.WriteString("at", message.ReceivedAt.ToString());
        json.WriteString("by", message.Actor);
        WriteWhereSaid(json, "on_behalf_of", message.OnBehalfOf);
        json.WriteString("from", EventWriter.WordOf(happened.From));
        json.WriteString("to", EventWriter.WordOf(happened.To));
        WriteWhereSaid(json, "reason", message.Reason ?? message.Terms?.Reason);
        WriteWhereSaid(json, "opens_at", happened.OpensAt?.ToString());
        WriteWhereSaid(json, "closes_at", (happened.ClosesAt ?? message.ClosesAt)?.ToString());
        WriteWhereSaid(json, "violation", happened.Violation);
        json.WriteEndObject();
    }

    private static void WriteWhereSaid(Utf8JsonWriter json, string name, string? value)
    {
        if (value is not null)
        {
            json.WriteString(name, value);
        }
    }
}
