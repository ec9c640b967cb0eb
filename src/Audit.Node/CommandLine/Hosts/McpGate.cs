using System.Buffers;
using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace Audit.Node.CommandLine.Hosts;

/// <summary>What becomes of a message of the client's: it goes on, or is answered, or neither.</summary>
internal readonly record struct Passage(ReadOnlyMemory<byte> ToServer, ReadOnlyMemory<byte> ToClient)
{
    /// <summary>The answer says that the message was none.</summary>
    public bool IsFault { get; init; }

    public static Passage On(ReadOnlyMemory<byte> message) => new(message, default);

    public static Passage Back(ReadOnlyMemory<byte> answer) => new(default, answer);
}

/// <summary>How long the proxy waits.</summary>
/// <param name="Person">For a person who is asked.</param>
/// <param name="Record">For the record of a result, before the agent is told that it is withheld.</param>
internal sealed record McpPatience(TimeSpan Person, TimeSpan Record);

/// <summary>What is known of a server, by all who speak to it through one proxy.</summary>
/// <param name="connection">What the ids of calls begin with.</param>
internal sealed class McpServer(string connection, string name)
{
    private long calls;

    public string Connection => connection;

    /// <summary>As it calls itself, once it has.</summary>
    public string Name { get; set; } = name;

    /// <summary>A hash of what it says each tool is.</summary>
    public ConcurrentDictionary<string, string> Definitions { get; } = new();

    /// <summary>Every call has its number, for a client may use an id again.</summary>
    public long NextCall() => Interlocked.Increment(ref calls);
}

/// <summary>
/// Stands between one client and one server of MCP. Each call of a tool is decided before it goes on and its result is
/// in the book before it comes back; every other message goes on as it came, or not at all.
/// </summary>
/// <param name="ownsSession">Nobody else tells of the session.</param>
internal sealed class McpGate(
    HostDesk desk, HostOutbox outbox, McpPatience patience, McpServer server, bool ownsSession, Action<string> note)
{
    private const int ParseError = -32700, InvalidRequest = -32600, InvalidParams = -32602, InternalError = -32603;
    private const int LongestIdShown = 40;

    private readonly ConcurrentDictionary<string, Asked> asked = new();
    private readonly ConcurrentDictionary<string, bool> askedByServer = new();

    private HostNames Names => desk.Names;

    /// <summary>Notes that the session begins, or ends, where it is the proxy's own.</summary>
    public void NoteSession(string type)
    {
        if (ownsSession)
        {
            _ = outbox.Post(HostJson.Note(Names, type, json => json.WriteString("mcp_server"u8, server.Name)));
        }
    }

    /// <summary>Completes at once for all but calls of tools, so that the order of messages stays.</summary>
    public ValueTask<Passage> FromClientAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        McpMessage message;
        try
        {
            message = McpMessage.Read(bytes);
        }
        catch (UnreadableException unreadable)
        {
            return new(Refuse(McpMessage.Guess(bytes), ParseError, unreadable.Message));
        }

        return message.Kind switch
        {
            McpKind.Request => RequestAsync(message, cancellation),
            McpKind.Notification => new(Notify(message)),
            _ when askedByServer.TryRemove(message.IdKey, out _) => new(Passage.On(bytes)),
            _ => new(Dropped("an answer of the client to nothing that the server asked")),
        };
    }

    /// <returns>What goes on to the client; nothing for what is not passed on.</returns>
    public async ValueTask<ReadOnlyMemory<byte>> FromServerAsync(ReadOnlyMemory<byte> bytes)
    {
        McpMessage message;
        try
        {
            message = McpMessage.Read(bytes);
        }
        catch (UnreadableException unreadable)
        {
            return await RefuseOfServerAsync(bytes, unreadable.Message);
        }

        switch (message.Kind)
        {
            case McpKind.Response when asked.TryRemove(message.IdKey, out var request):
                Learn(request.Method, message);
                return request.Call is { } call
                    ? await SettleAsync(call, call.Completed(message), bytes)
                    : bytes;
            case McpKind.Request when askedByServer.TryAdd(message.IdKey, true):
                return bytes;
            case McpKind.Notification:
                NoteProgress(message);
                return bytes;
            default:
                note($"not passed on: a {message.Kind.ToString().ToLowerInvariant()} of the server whose id is "
                    + (message.Kind == McpKind.Request ? "in use" : "of no request"));
                return default;
        }
    }

    /// <summary>Answers for a server that is gone all that waits for it.</summary>
    public async Task<IReadOnlyList<ReadOnlyMemory<byte>>> EndAsync(string reason)
    {
        var answers = new List<ReadOnlyMemory<byte>>();
        foreach (var id in asked.Keys)
        {
            answers.Add(await EndAsync(id, reason));
        }

        return answers;
    }

    /// <summary>The same for one request; nothing where it is no call of a tool.</summary>
    public async Task<ReadOnlyMemory<byte>> EndAsync(string id, string reason)
    {
        if (!asked.TryGetValue(id, out var request) || request.Call is { HasBegun: false }
            || !asked.TryRemove(id, out _) || request.Call is not { } call)
        {
            return default;
        }

        var outcome = new Outcome.Invalidated($"{reason}; whether the tool ran to its end is not known");
        return await SettleAsync(call, outcome, call.Answer($"{outcome.Reason}."));
    }

    private ValueTask<Passage> RequestAsync(McpMessage message, CancellationToken cancellation)
    {
        McpCall? call = null;
        try
        {
            call = message.Method == McpMessage.ToolsCall ? new McpCall(message, CallIdOf(message)) : null;
        }
        catch (UnreadableException unreadable)
        {
            return new(Refuse(message, InvalidParams, unreadable.Message));
        }

        if (!asked.TryAdd(message.IdKey, new Asked(message.Method, call)))
        {
            return new(Refuse(null, InvalidRequest, "the id of a request is in use"));
        }

        return call is null ? new(Passage.On(message.Bytes)) : DecideAsync(call, message.IdKey, cancellation);
    }

    private async ValueTask<Passage> DecideAsync(McpCall call, string id, CancellationToken cancellation)
    {
        HostAnswer answer;
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        call.WhenGivenUp = ending.Cancel;
        try
        {
            answer = await desk.DecideAsync(
                call.CallId,
                json => call.WriteQuestion(json, server.Name, server.Definitions.GetValueOrDefault(call.Tool)),
                patience.Person, ending.Token);
        }
        catch (OperationCanceledException)
        {
            asked.TryRemove(id, out _);
            var why = call.IsGivenUp ? "the client gave it up" : "the proxy was ended";
            _ = outbox.Post(call.Record(Names, new Outcome.Cancelled($"{why} before it was decided; it did not run")));
            return default;
        }

        call.WhenGivenUp = null;
        if (answer.Runs && call.TryBegin())
        {
            _ = outbox.Post(call.Record(Names, new Outcome.Started()));
            return Passage.On(call.Request());
        }

        asked.TryRemove(id, out _);
        if (answer.Runs || answer.IsOpen || !answer.IsAnswered)
        {
            // Nothing may be left that somebody could approve, and that would never run.
            _ = outbox.Post(call.Record(Names, new Outcome.Cancelled($"it did not run: {answer.Sentence}")));
        }

        return call.IsGivenUp ? default : Passage.Back(call.Answer(answer.IsAnswered
            ? $"The tool did not run: {answer.Sentence}."
            : $"The tool did not run, for it could not be decided and written down: {answer.Sentence}"));
    }

    /// <summary>The result is in the book before the agent has it, or the agent does not get it.</summary>
    private async Task<ReadOnlyMemory<byte>> SettleAsync(McpCall call, Outcome outcome, ReadOnlyMemory<byte> answer)
    {
        var record = outbox.Post(call.Record(Names, outcome), isPressing: true);
        var why = await Task.WhenAny(record, Task.Delay(patience.Record)) == record
            ? await record
            : outbox.Trouble ?? "the node does not answer";
        if (why is null)
        {
            return answer;
        }

        // It follows what it speaks of, whenever that is.
        _ = outbox.Post(call.Record(
            Names, new Outcome.PersistenceFailed(null, $"{why}: the agent was not given the result")));
        return call.Answer(
            "The tool ran, and its result is withheld because it could not be written down "
            + $"({why}). Calling it again may do the same a second time.");
    }

    private Passage Notify(McpMessage message)
    {
        if (message.Method == McpMessage.ToolsCall)
        {
            return Dropped("a call of a tool that wants no answer");
        }

        if (message.Method != "notifications/cancelled"
            || message.Content is not { ValueKind: JsonValueKind.Object } said
            || !said.TryGetProperty("requestId", out var id)
            || KeyOf(id) is not { } key || !asked.TryGetValue(key, out var request) || request.Call is not { } call)
        {
            return Passage.On(message.Bytes);
        }

        if (call.TryGiveUp())
        {
            // The server never heard of it.
            return default;
        }

        var reason = said.TryGetProperty("reason", out var text) && text.ValueKind == JsonValueKind.String
            ? text.GetString()!
            : "the client gave no reason";
        _ = outbox.Post(call.Record(Names, new Outcome.Cancelled(reason) { By = "client" }));
        return Passage.On(message.Bytes);
    }

    private void NoteProgress(McpMessage message)
    {
        if (message.Method == "notifications/progress" && message.Content is { ValueKind: JsonValueKind.Object } said
            && said.TryGetProperty("progressToken", out var token) && token.GetRawText() is var written
            && asked.Values.FirstOrDefault(one => one.Call?.ProgressToken == written)?.Call is { } call
            && call.MayNoteProgress())
        {
            _ = outbox.Post(HostJson.Note(Names, "progress", json =>
            {
                json.WriteString("tool_call_id"u8, call.CallId);
                foreach (var member in said.EnumerateObject())
                {
                    if (member.Name is "progress" or "total" or "message")
                    {
                        member.WriteTo(json);
                    }
                }
            }));
        }
    }

    /// <summary>A tool whose definition changes is asked about as another one.</summary>
    private void Learn(string method, McpMessage answer)
    {
        if (method is "initialize" or "server/discover"
            && answer.Content is { ValueKind: JsonValueKind.Object } said)
        {
            server.Name = NameOf(said, "serverInfo")
                ?? (said.TryGetProperty("_meta", out var meta)
                    ? NameOf(meta, "io.modelcontextprotocol/serverInfo") : null)
                ?? server.Name;
        }

        if (method == "tools/list" && answer.Content is { ValueKind: JsonValueKind.Object } listed
            && listed.TryGetProperty("tools", out var tools) && tools.ValueKind == JsonValueKind.Array)
        {
            foreach (var tool in tools.EnumerateArray().Where(one => one.ValueKind == JsonValueKind.Object))
            {
                if (tool.TryGetProperty("name", out var one) && one.ValueKind == JsonValueKind.String)
                {
                    var canonical = new ArrayBufferWriter<byte>();
                    CanonicalJson.Write(Encoding.UTF8.GetBytes(tool.GetRawText()), canonical);
                    server.Definitions[one.GetString()!] =
                        Convert.ToHexStringLower(SHA256.HashData(canonical.WrittenSpan));
                }
            }
        }
    }

    private static string? NameOf(JsonElement said, string member) =>
        said.ValueKind == JsonValueKind.Object && said.TryGetProperty(member, out var info)
            && info.ValueKind == JsonValueKind.Object && info.TryGetProperty("name", out var name)
            && name.ValueKind == JsonValueKind.String ? name.GetString() : null;

    private async Task<ReadOnlyMemory<byte>> RefuseOfServerAsync(ReadOnlyMemory<byte> bytes, string why)
    {
        note($"not passed on, of the server: {why}");
        if (McpMessage.Guess(bytes) is not { } guess || !asked.TryRemove(guess.IdKey, out var request))
        {
            return default;
        }

        var sentence = $"The server's answer was not passed on, for it is not strict JSON-RPC: {why}";
        return request.Call is { } call
            ? await SettleAsync(call, call.Failed(sentence), call.Answer(sentence))
            : Refuse(guess, InternalError, sentence).ToClient;
    }

    /// <summary>Answers what a message of the server would have answered that is longer than any that is passed on.</summary>
    public ValueTask<ReadOnlyMemory<byte>> FromServerTooLongAsync(ReadOnlyMemory<byte> beginning, string why)
    {
        var begun = asked.Where(one => one.Value.Call?.HasBegun == true).Select(one => one.Key).Take(2).ToList();
        // Its id may stand behind what is too long; where one call alone is asked, it can be of no other.
        var id = McpMessage.GuessIdOfBeginning(beginning.Span) ?? (begun.Count == 1 ? begun[0] : null);
        if (id is null || !asked.TryGetValue(id, out var request) || request.Call is not { } call
            || !asked.TryRemove(id, out _))
        {
            return default;
        }

        var sentence = $"The server's answer was not passed on: {why}";
        return new(SettleAsync(call, call.Failed(sentence), call.Answer(sentence)));
    }

    private Passage Refuse(McpMessage? of, int code, string sentence)
    {
        note($"not passed on, of the client: {sentence}");
        return Passage.Back(HostJson.Write(json =>
        {
            json.WriteString("jsonrpc"u8, "2.0"u8);
            json.WritePropertyName("id"u8);
            json.WriteRawValue(of is { Id.IsEmpty: false } ? of.Id.Span : "null"u8);
            json.WriteStartObject("error"u8);
            json.WriteNumber("code"u8, code);
            json.WriteString("message"u8, sentence);
            json.WriteEndObject();
        })) with { IsFault = true };
    }

    private Passage Dropped(string what)
    {
        note($"not passed on: {what}");
        return default;
    }

    private string CallIdOf(McpMessage message)
    {
        var id = message.IdKey.TrimStart('"');
        var shown = id.Length <= LongestIdShown
            && id.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_')
            ? id
            : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(id)).AsSpan(0, 8));
        return string.Create(CultureInfo.InvariantCulture, $"{server.Connection}.{server.NextCall()}.{shown}");
    }

    private static string? KeyOf(JsonElement id) => id.ValueKind switch
    {
        JsonValueKind.String => '"' + id.GetString()!,
        JsonValueKind.Number => id.GetRawText(),
        _ => null,
    };

    /// <summary>A request of the client that has no answer yet.</summary>
    private sealed record Asked(string Method, McpCall? Call);
}
