using System.Text.Json;
using Audit.Lifecycle;

namespace Audit.Formats;

/// <summary>An event of the book as an export sees it: what it says of itself, and nothing where it says nothing.</summary>
public sealed class BookEvent
{
    private static readonly JsonElement Nothing = JsonElement.Parse("{}"u8);
    private static readonly JsonDocumentOptions Depth = new() { MaxDepth = StrictJsonReader.MaxDepth + 8 };

    private readonly JsonElement told;
    private readonly JsonElement record;
    private readonly JsonElement outcome;

    private BookEvent(long position, string stream, long sequence, JsonElement told)
    {
        (Position, Stream, Sequence, this.told) = (position, stream, sequence, told);
        record = told.ObjectMember("record") ?? Nothing;
        outcome = record.ObjectMember("outcome") ?? Nothing;
    }

    public long Position { get; }

    public string Stream { get; }

    public long Sequence { get; }

    public string? Name => told.Text("event");

    public string? ReceivedAt => told.Text("received_at");

    /// <summary>When it happened, as the host tells it.</summary>
    public string? HappenedAt => record.Text("recorded_at") ?? told.Text("at");

    public string? Host => told.Text("host");

    public string? OnBehalfOf => told.Text("on_behalf_of");

    public string? Agent => told.Text("agent") ?? Terms?.Text("agent");

    public string? TaskId => told.Text("task_id") ?? Terms?.Text("task_id");

    public string? SessionId => told.Text("session_id");

    public string? WindowId => told.Text("window_id");

    public string? ToolCallId => record.Text("tool_call_id") ?? told.Text("tool_call_id");

    public string? Tool => record.Text("tool_name");

    /// <summary>What the message says: the outcome of a record, the type of a note, the verb of a window, an operator's act.</summary>
    public string? Kind => outcome.Text("kind") ?? told.Text("type") ?? told.Text("verb") ?? told.Text("act");

    public string? From => (told.ObjectMember("now") ?? told).Text("from");

    public string? To => (told.ObjectMember("now") ?? told).Text("to");

    public long? Attempt => (told.ObjectMember("now") ?? told).Count("attempt");

    public IEnumerable<string> Anomalies => (told.ObjectMember("now") ?? told).ArrayMember("anomalies").Select(EventMembers.AsText);

    /// <summary>Why, in words: the law's reason where it refused, else the message's own.</summary>
    public string? Reason =>
        told.Text("violation") ?? told.Text("reason") ?? outcome.Text("reason") ?? outcome.Text("description") ?? outcome.Text("error");

    public string? Decision => outcome.Text("decision");

    public string? Source => outcome.Text("source");

    public string? By => outcome.Text("by") ?? (told.Flag("made_by_node") == true ? Host : null);

    public bool? Success => outcome.ObjectMember("result")?.Flag("success");

    public long? DurationMs => outcome.ObjectMember("result")?.Count("duration_ms");

    public JsonElement? Input => record.Member("effective_input") ?? record.Member("requested_input");

    public string? Output => outcome.ObjectMember("result")?.Text("output");

    public string? MessageId => told.Text("message_id");

    public JsonElement? Detail => told.Member("detail") ?? told.Member("terms");

    public string? OpensAt => told.Text("opens_at");

    public string? ClosesAt => told.Text("closes_at");

    private JsonElement? Terms => told.ObjectMember("terms");

    /// <param name="message">The event's JSON; empty for a row that is none of ours.</param>
    public static BookEvent Read(long position, string stream, long sequence, ReadOnlySpan<byte> message) =>
        new(position, stream, sequence, message.IsEmpty ? Nothing : JsonElement.Parse(message, Depth));
}
