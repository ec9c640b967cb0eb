using Audit.Formats.Correlation;

namespace Audit.Formats.Protocols;

/// <summary>
/// Messages of the Model Context Protocol as a log has them, one a line, bare or within a line of the log. Requests are
/// numbered by each side and each connection anew, so that the log is to be sent from its beginning: a number that
/// comes again with another call gets a number of its own. An answer says what it answers by that number alone; where
/// requests of both sides have it open, the direction in the log decides, or else what only one of them is answered by.
/// </summary>
internal sealed class McpReader(string? session) : IEventReader
{
    public const string Call = "tools/call", OfTask = "tasks/result";

    private const string Format = "mcp";
    private const string Sampling = "sampling/createMessage", Elicitation = "elicitation/create";
    private const int MostSeen = 1 << 18;

    private static readonly string[] Wrappers = ["message", "payload", "data", "msg"];

    private readonly McpRequests requests = new();

    /// <summary>Of lines their names, which are hashes.</summary>
    private readonly HashSet<ulong> seen = [];

    public void Read(JsonElement happened, long number, IFormatSink sink)
    {
        var message = MessageIn(happened) ?? throw new UnreadableException(
            "jsonrpc", "missing; expected is a JSON-RPC 2.0 message, or a line of a log with one in it");
        var line = new McpLine(
            happened.Text("session_id") ?? happened.Text("sessionId") ?? session,
            happened.Text("server") ?? happened.Text("connection_id") ?? happened.Text("connectionId"),
            happened.Text("direction"), happened.Time("timestamp") ?? happened.Time("time") ?? happened.Time("ts"),
            message);
        if (IsRepeated(line))
        {
            sink.Ignored("line that came before");
            return;
        }

        var method = message.Text("method");
        switch (method)
        {
            case Call:
                Request(line, sink);
                break;
            case "notifications/cancelled":
                Cancel(line, sink);
                break;
            case "notifications/initialized" or "initialize":
                Note(line, method == "initialize" ? "connecting" : "connected", sink);
                break;
            case Sampling or Elicitation:
                Note(line, NameOf(method), sink);
                break;
            case not null:
                sink.Ignored(method);
                break;
            default:
                Settle(line, sink);
                break;
        }

        if (method is not null && method != Call && message.Member("id") is not null)
        {
            Open(line, method);
        }
    }

    public static JsonElement? MessageIn(JsonElement happened) =>
        happened.Text("jsonrpc") is not null ? happened
        : Wrappers.Select(name => happened.ObjectMember(name))
            .FirstOrDefault(inner => inner?.Text("jsonrpc") is not null);

    /// <summary>Whoever ships a log may ship a line twice: of one time, it is one message.</summary>
    private bool IsRepeated(McpLine line)
    {
        if (line.Time is null)
        {
            return false;
        }

        var name = ulong.Parse(
            CanonicalJson.NameOf(
                $"{line.Session}\n{line.Server}\n{line.Direction}\n{line.Time}\n{CanonicalJson.NameOf(line.Message)}"),
            NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        return seen.Count < MostSeen ? !seen.Add(name) : seen.Contains(name);
    }

    /// <summary>Remembers what asks for an answer; who connects anew gets none to what was asked before.</summary>
    private void Open(McpLine line, string method)
    {
        if (method == "initialize")
        {
            requests.Forget(line.Connection);
        }

        var task = method == OfTask ? line.Message.ObjectMember("params")?.Text("taskId") : null;
        var call = task is null ? null : requests.OfTask(line.Connection + task);
        requests.Open(line.Connection, line.KeyOf("id"), new McpOpen(method, line.Direction, call));
    }

    private void Request(McpLine line, IFormatSink sink)
    {
        var asked = line.Message.RequireObject("params");
        var (key, tool) = (line.KeyOf("id"), asked.RequireText("name", "params"));
        var input = asked.Member("arguments");
        var name = line.Server is null ? tool : $"{line.Server}.{tool}";
        var call = requests.Call(line.Connection, key, line.Direction, name, input);
        Report(line, call with { Input = input }, new Outcome.Requested(), sink);
    }

    private void Cancel(McpLine line, IFormatSink sink)
    {
        var about = line.Message.RequireObject("params");
        var key = (line with { Message = about }).KeyOf("requestId");
        // Whoever asked cancels: it goes the same way as the request.
        var request = requests.Of(line.Connection, key).FindAll(one => IsOneWay(one.Direction, line.Direction))
            .Where(one => !one.IsCancelled).OrderBy(one => one.Call is null).FirstOrDefault();
        if (request?.Call is { } call)
        {
            // Its answer may be under way, or its tool beyond stopping: what comes of it is told all the same.
            requests.Open(
                line.Connection, key, request with { Call = call with { Input = null }, IsCancelled = true });
            requests.SetSettled(line.Connection, key);
            Report(line, call, new Outcome.Cancelled(about.Text("reason") ?? "cancelled without a reason"), sink);
        }
        else
        {
            if (request is not null)
            {
                Close(line, key, request);
            }

            Note(line, "cancelled", sink);
        }
    }

    private void Settle(McpLine line, IFormatSink sink)
    {
        var error = line.Message.ObjectMember("error");
        var result = line.Message.ObjectMember("result");
        if (error is null && result is null)
        {
            throw new UnreadableException("method", "missing, and so are result and error");
        }

        var key = line.KeyOf("id");
        if (AnsweredBy(key, line, result) is not { } request)
        {
            Foreign(line, result, requests.IsSettled(line.Connection, key), sink);
        }
        else if (request.Call is null)
        {
            Close(line, key, request);
            Answer(line, request.Method, error is null ? "result" : "error", sink);
        }
        else if (result?.Text("resultType") == "input_required")
        {
            Note(line, "input_required", sink);
        }
        else if (result?.ObjectMember("task")?.Text("taskId") is { } task && request.Method == Call)
        {
            // That it works on it is no completion; that is what is asked for of the task.
            Close(line, key, request);
            requests.Remember(line.Connection + task, request.Call);
            Report(line, request.Call, new Outcome.Started(), sink);
        }
        else
        {
            Close(line, key, request);
            requests.EndTask(request.Call.Task);
            var output = error?.Text("message") ?? result?.Member("content").PartsText() ?? "";
            var told = new ToolResult(error is null && result?.Flag("isError") != true, output)
            {
                Data = error ?? result?.Member("structuredContent"),
            };
            Report(line, request.Call, new Outcome.Completed(told), sink);
        }
    }

    /// <summary>
    /// The open request that the line answers. It goes the other way; where the log does not say which way, what only
    /// a person, a model or a tool answers with tells it, and an error that could be of several tells nothing.
    /// </summary>
    private McpOpen? AnsweredBy(string key, McpLine line, JsonElement? result)
    {
        var all = requests.Of(line.Connection, key).FindAll(one => IsOtherWay(one.Direction, line.Direction));
        var isSure = line.Direction is not null && all is [{ Direction: not null }];
        var method = MethodOf(result);
        var fitting = isSure || result is null ? all
            : all.FindAll(one => method is not null ? one.IsAnsweredAs(method)
                : one.Method is not (Sampling or Elicitation) && (one.Method != Call || all.Count == 1));
        // What was cancelled may be answered, and what was not is.
        fitting = fitting.Count < 2 ? fitting : fitting.FindAll(one => !one.IsCancelled);
        return fitting.Count < 2 ? fitting.FirstOrDefault() : throw new UnreadableException(
            "id", $"an answer to one of {string.Join(" and ", fitting.Select(one => one.Method))}, which have this id: "
                + "the log does not say in which direction it went");
    }

    /// <summary>The method that alone is answered so; null where several are.</summary>
    private static string? MethodOf(JsonElement? result) => result switch
    {
        null => null,
        { } given when given.Text("role") is not null && given.Member("content") is not null => Sampling,
        { } given when given.Text("action") is "accept" or "decline" or "cancel" => Elicitation,
        { } given when given.Member("content") is { ValueKind: JsonValueKind.Array }
            || given.Member("structuredContent") is not null || given.Flag("isError") is not null
            || given.Text("resultType") == "input_required" => Call,
        _ => null,
    };

    /// <summary>It answers nothing that this log has before.</summary>
    private static void Foreign(McpLine line, JsonElement? result, bool isSettled, IFormatSink sink)
    {
        if (MethodOf(result) is Sampling or Elicitation)
        {
            Answer(line, MethodOf(result)!, "result", sink);
        }
        else if (result?.Member("content") is { ValueKind: JsonValueKind.Array })
        {
            throw new UnreadableException("id", isSettled ? "a tool's answer to a request that was answered before"
                : "a tool's answer to a request that this log does not have before");
        }
        else
        {
            sink.Ignored(result is null ? "error" : "result");
        }
    }

    /// <summary>What a person or a model was asked by a server, and answered, is worth a note.</summary>
    private static void Answer(McpLine line, string method, string kind, IFormatSink sink)
    {
        if (method is Sampling or Elicitation)
        {
            Note(line, $"{NameOf(method)}_answered", sink);
        }
        else
        {
            sink.Ignored(kind);
        }
    }

    private void Close(McpLine line, string key, McpOpen request)
    {
        requests.Close(line.Connection, key, request);
        if (request.Method == Call)
        {
            requests.SetSettled(line.Connection, key);
        }
    }

    private static bool IsOneWay(string? one, string? other) => one is null || other is null || one == other;

    private static bool IsOtherWay(string? one, string? other) => one is null || other is null || one != other;

    private static string NameOf(string method) => method.Split('/')[0];

    private static void Report(McpLine line, McpAsked call, Outcome outcome, IFormatSink sink) =>
        sink.Record(DerivedRecord.Of(Format, line.Session, call.Id, call.Tool, outcome, line.Time)
            .With(call.Input, call.Input));

    private static void Note(McpLine line, string type, IFormatSink sink) => sink.Note(
        new DerivedNote(line.Session, $"{Format}:{type}", type, line.Message)
        {
            Time = line.Time, DerivedOf = $"{line.Time}|{CanonicalJson.NameOf(line.Message)}",
        });

    private readonly record struct McpLine(
        string? Session, string? Server, string? Direction, string? Time, JsonElement Message)
    {
        /// <summary>Each numbers its requests for itself.</summary>
        public string Connection => $"{Session}\n{Server}\n";

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
