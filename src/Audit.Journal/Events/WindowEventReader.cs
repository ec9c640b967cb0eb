using System.Buffers.Text;
using System.Text.Json;

namespace Audit.Journal.Events;

/// <summary>Reads the events of task windows, which are few: plainness before speed.</summary>
internal static class WindowEventReader
{
    public static WindowEvent Read(string name, JsonElement said)
    {
        var kind = EventNames.WindowKind(name);
        var closesAt = Time(said, "closes_at");
        var message = new WindowMessage
        {
            Verb = Enum.Parse<WindowVerb>(Text(said, "verb")!, ignoreCase: true),
            Actor = Text(said, "host")!,
            OnBehalfOf = Text(said, "on_behalf_of"),
            ReceivedAt = Time(said, "received_at")!.Value,
            Dedup = Fingerprint.From(Base64Url.DecodeFromChars(Text(said, "dedup"))),
            MessageId = Text(said, "message_id"),
            Terms = said.TryGetProperty("terms", out var terms) ? ReadTerms(terms) : null,
            ClosesAt = kind is WindowEventKind.Extended or WindowEventKind.Violated ? closesAt : null,
            Reason = Text(said, "reason"),
        };
        return new WindowEvent(kind, message, State(said, "from"), State(said, "to"))
        {
            OpensAt = Time(said, "opens_at"),
            ClosesAt = kind is WindowEventKind.Approved or WindowEventKind.Extended ? closesAt : null,
            SelfGranted = said.TryGetProperty("self_granted", out var granted) && granted.GetBoolean(),
            Violation = Text(said, "violation"),
        };
    }

    private static WindowTerms ReadTerms(JsonElement terms) =>
        new(
            Text(terms, "task_id")!,
            Text(terms, "agent")!,
            [.. terms.GetProperty("scope").EnumerateArray().Select(glob => glob.GetString()!)],
            Text(terms, "reason")!)
        {
            OpensAt = Time(terms, "opens_at"),
            ClosesAt = Time(terms, "closes_at"),
            Duration = terms.TryGetProperty("duration_seconds", out var seconds)
                ? TimeSpan.FromSeconds(seconds.GetDouble())
                : null,
        };

    private static WindowState State(JsonElement said, string name) =>
        Enum.Parse<WindowState>(Text(said, name)!, ignoreCase: true);

    private static Timestamp? Time(JsonElement said, string name) =>
        Text(said, name) is { } text && Rfc3339.TryParse(text, out var time) ? time : null;

    private static string? Text(JsonElement said, string name) =>
        said.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
