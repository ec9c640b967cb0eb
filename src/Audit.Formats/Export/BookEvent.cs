using System.Text.Json;
using Audit.Formats.Reading;

namespace Audit.Formats.Export;

/// <summary>
/// An event of the book as an export sees it: what it says of itself, and nothing where it says nothing.
/// </summary>
public sealed class BookEvent
{
    private static readonly JsonElement Nothing = JsonElement.Parse("{}"u8);
    private static readonly JsonDocumentOptions Depth = new() { MaxDepth = StrictJsonReader.MaxDepth + 8 };

    private readonly ReadOnlyMemory<byte> message;
    private JsonElement? parsed;

    /// <param name="message">The event's JSON; empty for a row that is none of ours. Read when first something is asked
    /// of it.</param>
    public BookEvent(long position, string stream, long sequence, ReadOnlyMemory<byte> message)
    {
        (Position, Stream, Sequence) = (position, stream, sequence);
        this.message = message;
    }

    public long Position { get; }

    public string Stream { get; }

    public long Sequence { get; }

    public string? Name => Told.Text("event");

    public string? ReceivedAt => Told.Text("received_at");

    /// <summary>When it happened, as the host tells it.</summary>
    public string? HappenedAt => Record.Text("recorded_at") ?? Told.Text("at");

    public string? Host => Told.Text("host");

    public string? OnBehalfOf => Told.Text("on_behalf_of");

    public string? Agent => Told.Text("agent") ?? Terms?.Text("agent");

    public string? TaskId => Told.Text("task_id") ?? Terms?.Text("task_id");

    public string? SessionId => Told.Text("session_id");

    public string? WindowId => Told.Text("window_id");

    public string? ToolCallId => Record.Text("tool_call_id") ?? Told.Text("tool_call_id");

    public string? Tool => Record.Text("tool_name");

    public string? DisplayName => Record.Text("display_name");

    /// <summary>
    /// The message came after others that it precedes, so that its state is not the one the call is in.
    /// </summary>
    public bool IsLate => Told.Flag("late") == true;

    /// <summary>What a confirmation was asked for, in the host's words.</summary>
    public string? Description => Outcome.Text("description");

    /// <summary>
    /// What the message says: the outcome of a record, the type of a note, the verb of a window, an operator's act.
    /// </summary>
    public string? Kind => Outcome.Text("kind") ?? Told.Text("type") ?? Told.Text("verb") ?? Told.Text("act");

    public string? From => (Told.ObjectMember("now") ?? Told).Text("from");

    public string? To => (Told.ObjectMember("now") ?? Told).Text("to");

    public long? Attempt => (Told.ObjectMember("now") ?? Told).Count("attempt");

    public IEnumerable<string> Anomalies =>
        (Told.ObjectMember("now") ?? Told).ArrayMember("anomalies").Select(EventMembers.AsText);

    /// <summary>Why, in words: the law's reason where it refused, else the message's own.</summary>
    public string? Reason =>
        Told.Text("violation") ?? Told.Text("reason") ?? Outcome.Text("reason") ?? Outcome.Text("description")
            ?? Outcome.Text("error");

    public string? Decision => Outcome.Text("decision");

    public string? Source => Outcome.Text("source");

    public string? By => Outcome.Text("by") ?? (Told.Flag("made_by_node") == true ? Host : null);

    public bool? Success => Outcome.ObjectMember("result")?.Flag("success");

    public long? DurationMs => Outcome.ObjectMember("result")?.Count("duration_ms");

    public JsonElement? Input => Record.Member("effective_input") ?? Record.Member("requested_input");

    public string? Output => Outcome.ObjectMember("result")?.Text("output");

    public string? MessageId => Told.Text("message_id");

    public JsonElement? Detail => Told.Member("detail") ?? Told.Member("terms");

    public string? OpensAt => Told.Text("opens_at");

    public string? ClosesAt => Told.Text("closes_at");

    private JsonElement? Terms => Told.ObjectMember("terms");

    private JsonElement Told => parsed ??= message.IsEmpty ? Nothing : JsonElement.Parse(message.Span, Depth);

    private JsonElement Record => Told.ObjectMember("record") ?? Nothing;

    private JsonElement Outcome => Record.ObjectMember("outcome") ?? Nothing;
}
