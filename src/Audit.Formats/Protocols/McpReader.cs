using Audit.Formats.Correlation;

namespace Audit.Formats.Protocols;

/// <summary>
/// Messages of the Model Context Protocol as a log has them, one a line, bare or within a line of the log. Requests are
/// numbered by each side and each connection anew, so that the log is to be sent from its beginning: a number that
/// comes again with another call gets a number of its own.
/// </summary>
internal sealed class McpReader(string? session) : IEventReader
{
    private const string Format = "mcp";
    private const int MostCalls = 65_536;

    private static readonly string[] Wrappers = ["message", "payload", "data", "msg"];

    private readonly Dictionary<string, McpCall> calls = [];

    public void Read(JsonElement happened, long number, IFormatSink sink)
    {
        var message = MessageIn(happened) ?? throw new UnreadableException(
            "jsonrpc", "missing; expected is a JSON-RPC 2.0 message, or a line of a log with one in it");
        var line = new McpLine(
            happened.Text("session_id") ?? happened.Text("sessionId") ?? session, happened.Text("server"),
            happened.Time("timestamp") ?? happened.Time("time") ?? happened.Time("ts"), message);
        switch (message.Text("method"))
        {
            case "tools/call":
                Request(line, sink);
                break;
            case "notifications/cancelled":
                Cancel(line, sink);
                break;
            case "notifications/initialized" or "initialize":
                Note(line, message.Text("method") == "initialize" ? "connecting" : "connected", sink);
                break;
            case "sampling/createMessage" or "elicitation/create":
                Note(line, message.Text("method")!.Split('/')[0], sink);
                break;
            case { } method:
                sink.Ignored(method);
                break;
            default:
                Settle(line, sink);
                break;
        }
    }

    public static JsonElement? MessageIn(JsonElement happened) =>
        happened.Text("jsonrpc") is not null ? happened
        : Wrappers.Select(name => happened.ObjectMember(name))
            .FirstOrDefault(inner => inner?.Text("jsonrpc") is not null);

    private void Request(McpLine line, IFormatSink sink)
    {
        var asked = line.Message.RequireObject("params");
        var (key, tool) = (line.KeyOf("id"), asked.RequireText("name", "params"));
        var name = line.Server is null ? tool : $"{line.Server}.{tool}";
        var input = asked.Member("arguments");
        var content = $"{name}|{(input is { } given ? CanonicalJson.NameOf(given) : "")}";
        if (!calls.TryGetValue(key, out var call))
        {
            call = calls.Count < MostCalls ? new McpCall(name, input?.Clone(), content, 1)
                : throw new UnreadableException("id", $"a log of more than {MostCalls} calls cannot be followed");
        }
        else if (call.IsSettled || call.Content != content)
        {
            call = new McpCall(name, input?.Clone(), content, call.Round + 1);
        }

        calls[key] = call;
        Report(line, key, call, new Outcome.Requested(), sink);
    }

    private void Cancel(McpLine line, IFormatSink sink)
    {
        var about = line.Message.RequireObject("params");
        var key = new McpLine(line.Session, line.Server, line.Time, about).KeyOf("requestId");
        if (calls.TryGetValue(key, out var call) && !call.IsSettled)
        {
            calls[key] = call with { IsSettled = true };
            var reason = about.Text("reason") ?? "cancelled without a reason";
            Report(line, key, call, new Outcome.Cancelled(reason), sink);
        }
        else
        {
            Note(line, "cancelled", sink);
        }
    }

    /// <summary>An answer does not say what it answers; those of other requests than calls look otherwise.</summary>
    private void Settle(McpLine line, IFormatSink sink)
    {
        var error = line.Message.ObjectMember("error");
        var result = line.Message.ObjectMember("result");
        if (error is null && result is null)
        {
            throw new UnreadableException("method", "missing, and so are result and error");
        }

        var key = line.KeyOf("id");
        if (!calls.TryGetValue(key, out var call) || call.IsSettled)
        {
            if (result?.Member("content") is { ValueKind: JsonValueKind.Array } && result.Value.Member("role") is null)
            {
                throw new UnreadableException("id", "a tool's answer to a request that this log does not have before");
            }

            sink.Ignored(error is null ? "result" : "error");
        }
        else if (result?.Member("role") is not null || result?.Text("action") is not null)
        {
            sink.Ignored("result");
        }
        else if (result?.Text("resultType") == "input_required")
        {
            Note(line, "input_required", sink);
        }
        else
        {
            calls[key] = call with { IsSettled = true };
            var output = error?.Text("message") ?? result?.Member("content").PartsText() ?? "";
            var told = new ToolResult(error is null && result?.Flag("isError") != true, output)
            {
                Data = error ?? result?.Member("structuredContent"),
            };
            Report(line, key, call, new Outcome.Completed(told), sink);
        }
    }

    private static void Report(McpLine line, string key, McpCall call, Outcome outcome, IFormatSink sink)
    {
        var id = call.Round == 1 ? key : string.Create(CultureInfo.InvariantCulture, $"{key}#{call.Round}");
        sink.Record(DerivedRecord.Of(Format, line.Session, id, call.Tool, outcome, line.Time)
            .With(call.Input, call.Input));
    }

    private static void Note(McpLine line, string type, IFormatSink sink) => sink.Note(
        new DerivedNote(line.Session, $"{Format}:{type}", type, line.Message)
        {
            Time = line.Time, DerivedOf = $"{line.Time}|{CanonicalJson.NameOf(line.Message)}",
        });

    private sealed record McpCall(string Tool, JsonElement? Input, string Content, int Round, bool IsSettled = false);

    private readonly record struct McpLine(string? Session, string? Server, string? Time, JsonElement Message)
    {
        /// <summary>A number and a text of the same digits are two ids.</summary>
        public string KeyOf(string member)
        {
            var id = Message.Member(member) ?? throw new UnreadableException(member, "missing");
            var key = id.ValueKind switch
            {
                JsonValueKind.Number => id.Raw(),
                JsonValueKind.String when id.GetString() is { Length: > 0 } text =>
                    long.TryParse(text, CultureInfo.InvariantCulture, out _) ? id.Raw() : text,
                _ => throw new UnreadableException(member, "a number or a text is expected"),
            };
            return Server is null ? key : $"{Server}:{key}";
        }
    }
}

/// <summary>
/// CloudEvents, whose data is an item or a tool audit record of ours, or an event of another format that is known. Who
/// sends and the id make the event one, however often it comes.
/// </summary>
internal sealed class CloudEventsReader(
    Func<JsonElement, string?, IEventReader?> readerOf, string? session) : IEventReader
{
    private const string Format = "cloudevents";

    private static readonly string[] SessionMembers = ["sessionid", "partitionkey"];

    public void Read(JsonElement happened, long number, IFormatSink sink)
    {
        var version = happened.RequireText("specversion");
        if (version != "1.0")
        {
            throw new UnreadableException("specversion", $"1.0 is expected, not \"{ShortText.Of(version, 20)}\"");
        }

        var (source, id) = (happened.RequireText("source"), happened.RequireText("id"));
        var type = happened.RequireText("type");
        var named = session ?? SessionMembers.Select(name => happened.Text(name)).OfType<string>().FirstOrDefault();
        if (happened.ObjectMember("data") is not { } data)
        {
            sink.Ignored(type);
        }
        else if (IsRecord(data) || data.ObjectMember("record") is { } record && IsRecord(record))
        {
            sink.Item(Item(data, named, $"{source} {id}"));
        }
        else if (readerOf(data, named) is { } reader)
        {
            reader.Read(data, number, sink);
        }
        else
        {
            sink.Ignored(type);
        }
    }

    private static bool IsRecord(JsonElement data) =>
        data.Member("tool_call_id") is not null && data.ObjectMember("outcome") is not null;

    /// <summary>With a message_id of the event's own where the sender gave none.</summary>
    private static byte[] Item(JsonElement data, string? session, string id)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        var envelope = data.ObjectMember("record") is null ? default : data;
        if (envelope.Member("session_id") is null && session is not null)
        {
            json.WriteString("session_id"u8, session);
        }

        if (envelope.Member("message_id") is null)
        {
            json.WriteString("message_id"u8, $"{Format}:{CanonicalJson.NameOf(id)}");
        }

        if (envelope.ValueKind == JsonValueKind.Object)
        {
            foreach (var member in envelope.EnumerateObject())
            {
                member.WriteTo(json);
            }
        }
        else
        {
            json.WritePropertyName("record"u8);
            data.WriteTo(json);
        }

        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }
}
