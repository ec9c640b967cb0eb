using System.Security.Cryptography;
using Audit.Api.Diary;
using Audit.Api.Instruments;
using Audit.Api.Reading;

namespace Audit.Api.Alerts;

/// <summary>
/// Something that somebody is told of. It names what it is about, and holds nothing of what was said there: that is
/// read when it is sent, so that what was erased meanwhile is not.
/// </summary>
/// <param name="Id">
/// Made of the rule and of what it is about: the same alert has the same id, however often, and what takes a position
/// anew, after a restore or a set back, has another.
/// </param>
/// <param name="Position">The event that shows it.</param>
/// <param name="At">When the book had it; of what a search found, when it happened.</param>
/// <param name="Said">What is to be said of it in words of the node.</param>
public sealed record Alert(string Id, string Rule, long Position, DateTimeOffset At, string? Said = null)
{
    public string? Source { get; init; }

    public string? Session { get; init; }

    public string? Call { get; init; }

    public string? Window { get; init; }

    public string? Task { get; init; }

    public string? Agent { get; init; }

    public string? Tool { get; init; }
}

/// <summary>What is remembered of a destination, in the store that all nodes share.</summary>
public sealed record DestinationState
{
    /// <summary>All rows up to here were looked at.</summary>
    public long Rows { get; set; }

    /// <summary>The searches were asked of all up to here.</summary>
    public long Found { get; set; }

    public List<WaitingAlert> Waiting { get; init; } = [];

    /// <summary>What was given up, the newest last.</summary>
    public List<WaitingAlert> Dead { get; init; } = [];

    /// <summary>What searches found lately: a call that is found again is no second alert.</summary>
    public List<string> Known { get; init; } = [];

    /// <summary>Where the halts were that were told, by the part that has halted, until it goes on.</summary>
    public Dictionary<string, string> Halts { get; init; } = [];

    public long Sent { get; set; }

    public long GivenUp { get; set; }

    public DateTimeOffset? SentAt { get; set; }

    /// <summary>What was given up waits anew, and is tried as often as before.</summary>
    /// <returns>Whether there was any of it.</returns>
    public bool SendAgain(IReadOnlyList<string> ids, DateTimeOffset now)
    {
        var again = Dead.FindAll(dead => ids.Contains(dead.Alert.Id));
        Waiting.AddRange(again.Select(dead => dead with { Tries = 0, Due = now }));
        return Dead.RemoveAll(again.Contains) > 0;
    }

    internal static string NameOf(AlertDestination destination) => $"alerts:{destination.Name}";

    internal static async Task<DestinationState?> FindAsync(
        IAuditStore store, AlertDestination destination, CancellationToken cancellation) =>
        await store.FindStateAsync(NameOf(destination), cancellation) is { } kept
            ? JsonSerializer.Deserialize<DestinationState>(kept)
            : null;
}

/// <summary>An alert on its way: how often it was tried, when it is tried again, and what was in the way.</summary>
public sealed record WaitingAlert(Alert Alert, int Tries, DateTimeOffset Due, string? Error = null);

/// <summary>That what was given up is to be sent again, as the book has it for whichever node sends.</summary>
internal sealed record SentAgain(string Destination, IReadOnlyList<string> Ids)
{
    public const string Act = "alerts.sent_again";

    /// <returns>Null of any other row.</returns>
    public static SentAgain? Of(SeenRow seen)
    {
        if (!seen.IsOurs || EventReader.NameOf(seen.Row.Manifest) != EventNames.OperatorActed
            || seen.View.Text(EventField.Act) != Act || !seen.View.IsObject(EventField.Facts))
        {
            return null;
        }

        var facts = JsonElement.Parse(seen.View.Raw(EventField.Facts));
        return new SentAgain(
            facts.GetProperty("destination").GetString()!,
            [.. facts.GetProperty("ids").EnumerateArray().Select(id => id.GetString()!)]);
    }

    /// <returns>The position of the row.</returns>
    public Task<long> WriteAsync(OperatorActs acts, string by, DateTimeOffset at) => acts.WriteFactsAsync(
        StreamNames.Operator(at), Act, by, json =>
        {
            json.WriteString("destination", Destination);
            json.WriteStartArray("ids");
            foreach (var id in Ids)
            {
                json.WriteStringValue(id);
            }

            json.WriteEndArray();
        });
}

/// <summary>Tells what is worth an alert.</summary>
/// <param name="key">Of this store: nobody else can tell which ids there will be.</param>
internal sealed class AlertRules(byte[] key)
{
    private const string AccessRefused = "access.refused";

    private const int RefusedShown = 5;

    /// <summary>What a row of the journal shows by itself.</summary>
    public Alert? Of(SeenRow seen)
    {
        if (!seen.IsOurs)
        {
            return null;
        }

        ref readonly var view = ref seen.View;
        var name = EventReader.NameOf(seen.Row.Manifest);
        var (rule, said) = name switch
        {
            EventNames.CallViolated when view.CauseOf(EventField.Cause) == ViolationCause.Flooded =>
                (AlertRule.Flood, Words.Of(ViolationCause.Flooded)),
            EventNames.CallViolated => (AlertRule.Violation, Words.Of(view.CauseOf(EventField.Cause))),
            // What came late made one of a message that had been legal.
            EventNames.CallRejudged when EventReader.ReadCall(seen.Row, view) is CallEvent.Rejudged
                {
                    Was.IsViolation: false, Now: { IsViolation: true, Cause: var cause },
                } => (AlertRule.Violation, Words.Of(cause)),
            _ when name == EventNames.Of(WindowEventKind.Violated) =>
                (AlertRule.Violation, view.Text(EventField.Violation)),
            EventNames.CallTransitioned when view.RecordedKind() == MessageKind.PersistenceFailed =>
                (AlertRule.NotPersisted, null),
            EventNames.OperatorActed when view.Text(EventField.Act) == AccessRefused =>
                (AlertRule.SignInRefused, RefusedOf(view)),
            _ => (null, (string?)null),
        };
        if (rule is null)
        {
            return null;
        }

        var row = seen.Row;
        var isCall = StreamNames.TrySplit(row.PersistenceId, out var session, out var call);
        return new Alert(
            IdOf(rule, PlaceOf(row)), rule.Name, row.Position, new DateTimeOffset(row.CreatedTicks, default), said)
        {
            Source = view.Text(EventField.Source),
            Session = isCall ? session : null,
            Call = isCall ? call : null,
            Window = view.Text(EventField.WindowId),
            Task = view.Text(EventField.TaskId),
            Agent = view.Text(EventField.Agent),
            Tool = view.Text(EventField.FactTool),
        };
    }

    /// <summary>What a search found: of each call one, whatever else of it is found later.</summary>
    public Alert Of(AlertRule rule, SearchHit hit) => new(
        IdOf(rule, string.Join('\0', hit.Source, hit.SessionId, hit.CallId ?? $" {hit.Position} {hit.At}")),
        rule.Name, hit.Position, hit.At.ToDateTimeOffset())
    {
        Source = hit.Source, Session = hit.SessionId, Call = hit.CallId, Task = hit.Task, Agent = hit.Agent,
        Tool = hit.Tool,
    };

    /// <summary>A part of the node that goes on no more.</summary>
    public Alert OfHalt(string part, long position, string? why, DateTimeOffset at) => new(
        IdOf(AlertRule.Halt, $"{part} {position} {at.UtcTicks}"), AlertRule.Halt.Name, position, at,
        why is null ? part : $"{part}: {why}");

    /// <summary>One that says that alerts arrive.</summary>
    public Alert OfTest(DateTimeOffset at) => new(
        IdOf(AlertRule.Test, $"{at.UtcTicks}"), AlertRule.Test.Name, 0, at, "this is a test");

    /// <summary>How many were refused, in the minute that the event is about.</summary>
    private static string? RefusedOf(in EventView view)
    {
        if (!view.IsObject(EventField.Detail)
            || !JsonElement.Parse(view.Raw(EventField.Detail)).TryGetProperty("refused", out var refused))
        {
            return null;
        }

        var counts = refused.EnumerateArray().Select(one =>
            $"{one.GetProperty("count")} for the {one.GetProperty("what")} from {one.GetProperty("from")}").ToList();
        var more = counts.Count > RefusedShown ? $" and {counts.Count - RefusedShown} others" : "";
        return string.Join(", ", counts.Take(RefusedShown)) + more;
    }

    /// <summary>Which row it is, whatever lay at its position in another time of the book.</summary>
    private static string PlaceOf(JournalRow row) => $"{row.PersistenceId} {row.Sequence} {row.CreatedTicks}";

    private string IdOf(AlertRule rule, string place) => "msg_" + Convert.ToHexStringLower(
        HMACSHA256.HashData(key, Encoding.UTF8.GetBytes($"{rule.Name}\0{place}"))
            .AsSpan(0, 16));
}

/// <summary>Writes alerts as receivers read them.</summary>
/// <param name="link">The address of the pages; null where the file names none.</param>
internal static class AlertBody
{
    private const string OcsfVersion = "1.4.0";

    /// <param name="command">What was asked of the tool, as far as it is kept; null where it is not.</param>
    /// <param name="log">Whose positions these are: another one began where they may be given anew.</param>
    public static byte[] Write(
        AlertFormat format, Alert alert, AlertRule rule, string? command, Uri? link, string? log)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer, Reply.Options))
        {
            json.WriteStartObject();
            if (format == AlertFormat.Standard)
            {
                WriteStandard(json, alert, rule, command, LinkOf(alert, link), log);
            }
            else
            {
                WriteOcsf(json, alert, rule, command, LinkOf(alert, link), log);
            }

            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteStandard(
        Utf8JsonWriter json, Alert alert, AlertRule rule, string? command, string? link, string? log)
    {
        json.WriteString("type", IsOurs(rule) ? $"audit.{rule.Name}" : "audit.search");
        json.WriteString("timestamp", Timestamp.From(alert.At).ToString());
        json.WriteStartObject("data");
        json.WriteString("id", alert.Id);
        json.WriteString("rule", rule.Name);
        json.WriteString("severity", rule.SeverityName);
        json.WriteString("title", rule.Title);
        WriteFacts(json, alert, command, log);
        WriteKnown(json, "link", link);
        json.WriteEndObject();
    }

    /// <summary>
    /// A Detection Finding (2004): a rule found something. API Activity (6003) would ask for the address from which
    /// each call came, which the book does not have.
    /// </summary>
    private static void WriteOcsf(
        Utf8JsonWriter json, Alert alert, AlertRule rule, string? command, string? link, string? log)
    {
        var time = alert.At.ToUnixTimeMilliseconds();
        json.WriteNumber("activity_id", 1);
        json.WriteString("activity_name", "Create");
        json.WriteNumber("category_uid", 2);
        json.WriteString("category_name", "Findings");
        json.WriteNumber("class_uid", 2004);
        json.WriteString("class_name", "Detection Finding");
        json.WriteNumber("type_uid", 200401);
        json.WriteString("type_name", "Detection Finding: Create");
        json.WriteNumber("time", time);
        json.WriteNumber("severity_id", rule.Severity);
        json.WriteString("severity", char.ToUpperInvariant(rule.SeverityName[0]) + rule.SeverityName[1..]);
        json.WriteNumber("status_id", 1);
        json.WriteString("status", "New");
        json.WriteBoolean("is_alert", true);
        json.WriteString("message", alert.Said is null ? rule.Title : $"{rule.Title}: {alert.Said}");
        json.WriteStartObject("metadata");
        json.WriteString("version", OcsfVersion);
        json.WriteString("uid", alert.Id);
        json.WriteString("log_name", "journal");
        json.WriteNumber("sequence", alert.Position);
        json.WriteStartObject("product");
        json.WriteString("name", "Audit.Actors");
        json.WriteString("vendor_name", "Audit.Actors");
        json.WriteString("version", NodeVersion.Text);
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteStartObject("finding_info");
        json.WriteString("uid", alert.Id);
        json.WriteString("title", rule.Title);
        json.WriteNumber("created_time", time);
        WriteKnown(json, "src_url", link);
        json.WriteStartObject("analytic");
        json.WriteString("name", rule.Name);
        json.WriteNumber("type_id", 1);
        json.WriteString("type", "Rule");
        json.WriteEndObject();
        json.WriteEndObject();
        if (alert.Call is { } call)
        {
            json.WriteStartArray("resources");
            json.WriteStartObject();
            json.WriteString("uid", call);
            json.WriteString("type", "tool call");
            WriteKnown(json, "name", alert.Tool);
            json.WriteEndObject();
            json.WriteEndArray();
        }

        json.WriteStartArray("evidences");
        json.WriteStartObject();
        json.WriteStartObject("data");
        WriteFacts(json, alert, command, log);
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndArray();
    }

    private static void WriteFacts(Utf8JsonWriter json, Alert alert, string? command, string? log)
    {
        json.WriteNumber("position", alert.Position);
        WriteKnown(json, "log", log);
        WriteKnown(json, "said", alert.Said);
        WriteKnown(json, "source", alert.Source);
        WriteKnown(json, "session_id", alert.Session);
        WriteKnown(json, "tool_call_id", alert.Call);
        WriteKnown(json, "window_id", alert.Window);
        WriteKnown(json, "task_id", alert.Task);
        WriteKnown(json, "agent", alert.Agent);
        WriteKnown(json, "tool", alert.Tool);
        WriteKnown(json, "command", command);
    }

    private static bool IsOurs(AlertRule rule) => rule.Query is null || AlertRule.BuiltIn.Contains(rule);

    private static string? LinkOf(Alert alert, Uri? link)
    {
        if (link is null)
        {
            return null;
        }

        var place = alert switch
        {
            { Call: { } call } =>
                $"call?source={Escaped(alert.Source)}&session={Escaped(alert.Session)}&call={Escaped(call)}",
            { Window: { } window } => $"window?id={Escaped(window)}",
            _ => "",
        };
        return $"{link.AbsoluteUri.TrimEnd('/')}/{place}";
    }

    private static string Escaped(string? text) => Uri.EscapeDataString(text ?? "");

    private static void WriteKnown(Utf8JsonWriter json, string name, string? value)
    {
        if (value is not null)
        {
            json.WriteString(name, value);
        }
    }
}
