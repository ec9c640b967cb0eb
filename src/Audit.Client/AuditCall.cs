using System.Text.Encodings.Web;

namespace Audit.Client;

/// <summary>
/// One call of a tool: what an agent asks for, and what a host asks the node about and records. A host makes one for
/// each call, for example from one of the session by <c>with</c>.
/// </summary>
public sealed record AuditCall
{
    internal static readonly JsonWriterOptions Writing = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The session that the call belongs to.</summary>
    public required string SessionId { get; init; }

    /// <summary>The call's own id within the session, as the model gave it.</summary>
    public required string ToolCallId { get; init; }

    /// <summary>The tool's name, as the model calls it.</summary>
    public required string ToolName { get; init; }

    /// <summary>The task that the agent works on, to which windows of work belong.</summary>
    public string? TaskId { get; init; }

    /// <summary>The agent that asks.</summary>
    public string? Agent { get; init; }

    /// <summary>The call in whose course this one is made, such as the one that started a sub-agent.</summary>
    public string? Parent { get; init; }

    /// <summary>The tool's name for people.</summary>
    public string? DisplayName { get; init; }

    /// <summary><c>Observe</c>, <c>Confirm</c>, or a word of the host's own.</summary>
    public string? Tier { get; init; }

    /// <summary>The turn of the session, counted from 0.</summary>
    public long? Turn { get; init; }

    /// <summary>Who serves the model that asks, such as <c>anthropic</c>.</summary>
    public string? Provider { get; init; }

    /// <summary>The model that asks.</summary>
    public string? Model { get; init; }

    /// <summary>The input that the model asked for.</summary>
    public JsonElement? RequestedInput { get; init; }

    /// <summary>The input that the tool runs with.</summary>
    public JsonElement? EffectiveInput { get; init; }

    /// <summary>
    /// What kind of permission is asked for: <c>shell</c>, <c>write</c>, <c>read</c>, <c>url</c>, <c>mcp</c>,
    /// <c>custom-tool</c>, <c>memory</c> or <c>hook</c>. Left out where <see cref="Permission"/> says it.
    /// </summary>
    public string? PermissionKind { get; init; }

    /// <summary>The host's own request for permission, an object with a <c>kind</c>.</summary>
    public JsonElement? Permission { get; init; }

    /// <summary>The place for which an approval may hold, such as a directory.</summary>
    public string? Location { get; init; }

    /// <summary>What a person is asked, in words.</summary>
    public string? Description { get; init; }

    /// <summary>When the question ends if nobody has answered it.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>The body by which a node is asked about the call.</summary>
    internal byte[] ToQuestion(DateTimeOffset at) => Write(json =>
    {
        WriteEnvelope(json);
        WriteRecord(json);
        WritePermission(json);
        Text(json, "location", Location);
        Text(json, "description", Description);
        if (ExpiresAt is { } ends)
        {
            json.WriteString("expires_at"u8, InWire(ends));
        }

        json.WriteString("recorded_at"u8, InWire(at));
    });

    /// <summary>A line by which something of the call is recorded, with an id by which it is known again.</summary>
    /// <param name="id">Null for one of its own.</param>
    internal byte[] ToItem(AuditOutcome outcome, DateTimeOffset at, string? id = null) => Write(
        json =>
        {
            WriteEnvelope(json);
            json.WriteString("message_id"u8, id ?? Guid.NewGuid().ToString("N"));
            json.WriteStartObject("record"u8);
            WriteRecord(json);
            json.WriteStartObject("outcome"u8);
            outcome.WriteTo(json, this);
            json.WriteEndObject();
            json.WriteString("recorded_at"u8, InWire(at));
            json.WriteEndObject();
        },
        isLine: true);

    /// <summary>A line that says something of a session and no call.</summary>
    internal static byte[] ToNote(string session, string type, JsonElement? detail, DateTimeOffset at) => Write(
        json =>
        {
            json.WriteString("session_id"u8, session);
            json.WriteString("message_id"u8, Guid.NewGuid().ToString("N"));
            json.WriteStartObject("note"u8);
            json.WriteString("type"u8, type);
            json.WriteString("at"u8, InWire(at));
            Value(json, "detail", detail);
            json.WriteEndObject();
        },
        isLine: true);

    internal static string InWire(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", CultureInfo.InvariantCulture);

    internal static void Text(Utf8JsonWriter json, string name, string? value)
    {
        if (value is not null)
        {
            json.WriteString(name, value);
        }
    }

    internal static void Value(Utf8JsonWriter json, string name, JsonElement? value)
    {
        if (value is { ValueKind: not JsonValueKind.Undefined } given)
        {
            json.WritePropertyName(name);
            given.WriteTo(json);
        }
    }

    internal void WritePermission(Utf8JsonWriter json)
    {
        if (Permission is null && PermissionKind is not null)
        {
            json.WriteStartObject("permission"u8);
            json.WriteString("kind"u8, PermissionKind);
            json.WriteEndObject();
        }
        else
        {
            Value(json, "permission", Permission);
        }
    }

    private static byte[] Write(Action<Utf8JsonWriter> members, bool isLine = false)
    {
        var item = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(item, Writing))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }

        if (isLine)
        {
            item.Write("\n"u8);
        }

        return item.WrittenSpan.ToArray();
    }

    private void WriteEnvelope(Utf8JsonWriter json)
    {
        json.WriteString("session_id"u8, SessionId);
        Text(json, "task_id", TaskId);
        Text(json, "agent", Agent);
        Text(json, "parent", Parent);
    }

    private void WriteRecord(Utf8JsonWriter json)
    {
        json.WriteString("tool_call_id"u8, ToolCallId);
        json.WriteString("tool_name"u8, ToolName);
        Text(json, "display_name", DisplayName);
        Text(json, "tier", Tier);
        Value(json, "requested_input", RequestedInput);
        Value(json, "effective_input", EffectiveInput);
        if (Turn is { } turn)
        {
            json.WriteNumber("turn"u8, turn);
        }

        if (Provider is not null || Model is not null)
        {
            json.WriteStartObject("provenance"u8);
            json.WriteString("provider"u8, Provider ?? "");
            json.WriteString("model"u8, Model ?? "");
            json.WriteEndObject();
        }
    }
}
