using System.Diagnostics;

namespace Audit.Node.CommandLine.Hosts;

/// <summary>One call of a tool over MCP: what is asked, what is passed on, and what its end is told as.</summary>
internal sealed class McpCall
{
    /// <summary>A record holds a result a few objects deeper than the message does.</summary>
    private const int DeepestData = StrictJsonReader.MaxDepth - 8;

    private const int Deciding = 0, Begun = 1, GivenUp = 2;

    private static readonly TimeSpan BetweenNotes = TimeSpan.FromSeconds(5);

    private readonly JsonElement parameters;
    private readonly JsonElement? arguments;
    private readonly ReadOnlyMemory<byte> id;
    private long began, lastNote;
    private int state;

    /// <exception cref="UnreadableException">It is no call of a tool that can be decided on.</exception>
    public McpCall(McpMessage request, string callId)
    {
        (CallId, id, parameters) = (callId, request.Id, request.Content);
        if (parameters.ValueKind != JsonValueKind.Object)
        {
            throw new UnreadableException("params", "missing");
        }

        RefuseLikeNames(parameters, "params");
        Tool = parameters.TryGetProperty("name", out var name) && name.ValueKind == JsonValueKind.String
            && name.GetString() is { Length: > 0 } tool
            ? tool
            : throw new UnreadableException("params.name", "the name of a tool is expected");
        if (parameters.TryGetProperty("arguments", out var given))
        {
            arguments = given.ValueKind == JsonValueKind.Object
                ? given
                : throw new UnreadableException("params.arguments", "an object is expected");
            RefuseLikeNames(given, "params.arguments");
        }

        if (parameters.TryGetProperty("task", out _))
        {
            throw new UnreadableException(
                "params.task", "a call whose result is fetched later is not passed on, for nobody could write it down");
        }

        if (!IsShallow(request.Bytes.Span))
        {
            throw new UnreadableException("params", "nested deeper than a record can hold");
        }

        ProgressToken = parameters.TryGetProperty("_meta", out var meta) && meta.ValueKind == JsonValueKind.Object
            && meta.TryGetProperty("progressToken", out var token) ? token.GetRawText() : null;
    }

    public string CallId { get; }

    public string Tool { get; }

    /// <summary>As it is written; null where the host wants to hear of no progress.</summary>
    public string? ProgressToken { get; }

    public bool HasBegun => Volatile.Read(ref state) == Begun;

    public bool IsGivenUp => Volatile.Read(ref state) == GivenUp;

    /// <summary>Called when the client gives the call up before it has begun.</summary>
    public Action? WhenGivenUp { get; set; }

    /// <returns>Whether it had not begun, and does not begin any more.</returns>
    public bool TryGiveUp()
    {
        if (Interlocked.CompareExchange(ref state, GivenUp, Deciding) != Deciding)
        {
            return false;
        }

        WhenGivenUp?.Invoke();
        return true;
    }

    /// <returns>Whether nobody gave it up.</returns>
    public bool TryBegin()
    {
        began = Stopwatch.GetTimestamp();
        return Interlocked.CompareExchange(ref state, Begun, Deciding) == Deciding;
    }

    /// <summary>What a question is about: all that is passed on, and what the server says the tool is.</summary>
    public void WriteQuestion(Utf8JsonWriter json, string server, string? definition)
    {
        json.WriteString("tool_name"u8, Tool);
        if (arguments is { } input)
        {
            json.WritePropertyName("requested_input"u8);
            input.WriteTo(json);
        }

        json.WriteStartObject("permission"u8);
        json.WriteString("kind"u8, "mcp"u8);
        json.WriteString("serverName"u8, server);
        json.WriteString("toolName"u8, Tool);
        if (definition is not null)
        {
            json.WriteString("definition"u8, definition);
        }

        foreach (var member in parameters.EnumerateObject().Where(one => one.Name is not ("name" or "arguments")))
        {
            // Called as the protocol calls it, which is none of the names above.
            json.WritePropertyName("params." + member.Name);
            member.Value.WriteTo(json);
        }

        json.WriteEndObject();
    }

    /// <summary>The request again, made of nothing but what was decided on.</summary>
    public byte[] Request() => HostJson.Write(json =>
    {
        json.WriteString("jsonrpc"u8, "2.0"u8);
        json.WritePropertyName("id"u8);
        json.WriteRawValue(id.Span);
        json.WriteString("method"u8, McpMessage.ToolsCall);
        json.WritePropertyName("params"u8);
        parameters.WriteTo(json);
    });

    public byte[] Record(HostNames names, Outcome outcome) => HostJson.Record(names, new ToolAuditRecord
    {
        ToolCallId = CallId, ToolName = Tool, Outcome = outcome, RecordedAt = HostJson.Now,
        EffectiveInput = outcome is Outcome.Started ? arguments : null,
    });

    /// <summary>What the server answered, as the result of the call.</summary>
    public Outcome.Completed Completed(McpMessage answer)
    {
        var said = answer.Content;
        var isTool = !answer.IsError && said.ValueKind == JsonValueKind.Object;
        var parts = isTool && said.TryGetProperty("content", out var content)
            && content.ValueKind == JsonValueKind.Array ? content.EnumerateArray().ToArray() : [];
        var texts = parts.Where(part => TextOf(part, "type") == "text").Select(part => TextOf(part, "text"));
        var failed = !isTool || (said.TryGetProperty("isError", out var flag) && flag.ValueKind != JsonValueKind.False)
            || TextOf(said, "resultType") is not (null or "complete");
        var output = answer.IsError ? TextOf(said, "message") ?? "" : string.Join('\n', texts);
        return new Outcome.Completed(new ToolResult(!failed, output)
        {
            Data = isTool && parts.Length == 1 && TextOf(parts[0], "text") is not null
                && IsPlain(parts[0], "type", "text") && IsPlain(said, "content", "isError", "resultType") ? null
                // Deeper than a record may be, it is kept as the text that it is.
                : IsShallow(answer.Bytes.Span) ? said
                : JsonSerializer.SerializeToElement(said.GetRawText()),
            DurationMs = (long)Stopwatch.GetElapsedTime(began).TotalMilliseconds,
        });
    }

    public Outcome.Completed Failed(string sentence) => new(new ToolResult(false, sentence)
    {
        DurationMs = (long)Stopwatch.GetElapsedTime(began).TotalMilliseconds,
    });

    /// <summary>A result that says to the agent what became of the call instead of one of the tool's.</summary>
    public byte[] Answer(string sentence) => HostJson.Write(json =>
    {
        json.WriteString("jsonrpc"u8, "2.0"u8);
        json.WritePropertyName("id"u8);
        json.WriteRawValue(id.Span);
        json.WriteStartObject("result"u8);
        if (parameters.TryGetProperty("_meta", out var meta) && meta.ValueKind == JsonValueKind.Object
            && meta.TryGetProperty("io.modelcontextprotocol/protocolVersion", out _))
        {
            // Revisions that name themselves in every request have several kinds of results.
            json.WriteString("resultType"u8, "complete"u8);
        }

        json.WriteStartArray("content"u8);
        json.WriteStartObject();
        json.WriteString("type"u8, "text"u8);
        json.WriteString("text"u8, sentence);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteBoolean("isError"u8, true);
        json.WriteEndObject();
    });

    /// <summary>Progress is noted when it begins and then from time to time: a session takes so many notes.</summary>
    public bool MayNoteProgress()
    {
        var last = Interlocked.Read(ref lastNote);
        return (last == 0 || Stopwatch.GetElapsedTime(last) > BetweenNotes)
            && Interlocked.CompareExchange(ref lastNote, Stopwatch.GetTimestamp(), last) == last;
    }

    /// <summary>Whether it has no other members, so that the text says all.</summary>
    private static bool IsPlain(JsonElement value, params string[] members) =>
        value.EnumerateObject().All(member => members.Contains(member.Name));

    private static bool IsShallow(ReadOnlySpan<byte> message)
    {
        var json = new Utf8JsonReader(message, new JsonReaderOptions { MaxDepth = StrictJsonReader.MaxDepth + 2 });
        while (json.Read())
        {
            if (json.CurrentDepth > DeepestData)
            {
                return false;
            }
        }

        return true;
    }

    private static string? TextOf(JsonElement value, string name) =>
        value.ValueKind == JsonValueKind.Object && value.TryGetProperty(name, out var text)
            && text.ValueKind == JsonValueKind.String ? text.GetString() : null;

    /// <summary>Some servers read a name in any case, and of two that are alike the last.</summary>
    private static void RefuseLikeNames(JsonElement members, string place)
    {
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var member in members.EnumerateObject())
        {
            if (!names.Add(member.Name))
            {
                throw new UnreadableException($"{place}.{member.Name}", "stands there twice, in another case");
            }
        }
    }
}
