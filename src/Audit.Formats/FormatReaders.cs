using Audit.Formats.AgentCode;
using Audit.Formats.Chat;
using Audit.Formats.ClaudeCode;
using Audit.Formats.Codex;
using Audit.Formats.Copilot;
using Audit.Formats.Correlation;
using Audit.Formats.Gemini;
using Audit.Formats.Hosts;
using Audit.Formats.Otlp;
using Audit.Formats.Protocols;

namespace Audit.Formats;

/// <summary>A format of another system, as a person wants to know it.</summary>
/// <param name="What">Who says what in it.</param>
/// <param name="Upstream">
/// The repository from which its test data are; null where they were written after the documentation.
/// </param>
/// <param name="Verified">What of it those data show.</param>
public sealed record FormatInfo(string Name, string What, string? Upstream = null, string? Verified = null)
{
    public string Standing =>
        Upstream is null ? "after documentation" : $"{Verified} verified with {Upstream}, the rest after documentation";
}

/// <summary>Opens readers for the streams of other systems, by the name of the format.</summary>
public sealed class FormatReaders
{
    /// <summary>Whichever format the first events are of.</summary>
    public const string Auto = "auto";

    /// <summary>Of readers within CloudEvents, as many as have things to remember that nobody else does.</summary>
    private const int MostReaders = 64;

    private readonly CallMemory memory = new();
    private readonly OtlpMemory otlp = new();

    /// <summary>The formats there are, in the order in which they are shown.</summary>
    public static IReadOnlyList<FormatInfo> All { get; } =
    [
        new(
            "copilot", "GitHub Copilot: session events of its command line and its SDK, and its own telemetry's file",
            "github/copilot-sdk", "requests and starts of tools, turns, the end, and its telemetry's spans"),
        new("agent-code", "agent-code: its event stream, and the events of its server"),
        new(
            "claude-code", "Claude Code: payloads of hooks, transcripts, and its stream-json",
            "anthropics/claude-agent-sdk-python", "messages of stream-json"),
        new("laravel", "the Laravel SDK: what its closure is asked and answers"),
        new(
            "otlp", "OpenTelemetry: spans of calls, and log events that tell decisions and results",
            "google-gemini/gemini-cli, pydantic/logfire", "two dialects"),
        new("agent-sdk", "agent-sdk: tool audit records"),
        new("codex", "Codex: exec --json, rollout files, and payloads of hooks", "openai/codex",
            "exec --json"),
        new("gemini", "Gemini CLI: recorded chats, or payloads of hooks"),
        new(
            "openai", "OpenAI: messages of chats, and items of responses; messages of Vercel's AI SDK",
            "openai/openai-python", "answers of chats"),
        new("anthropic", "Anthropic: messages", "anthropics/anthropic-sdk-python", "an answer"),
        new(
            "mcp", "the Model Context Protocol: a log of its messages", "modelcontextprotocol/modelcontextprotocol",
            "calls, results and errors"),
        new("cursor", "Cursor: payloads of hooks"),
        new("openai-agents", "the OpenAI Agents SDK: exported traces and spans, or items of runs"),
        new(
            "adk", "Google's Agent Development Kit: events of sessions", "google/adk-python",
            "calls and responses of a session"),
        new(
            "cloudevents", "CloudEvents with a record, or an event of another format, as data", "cloudevents/spec",
            "the envelope"),
    ];

    public static IReadOnlyList<string> Names { get; } = [.. All.Select(format => format.Name)];

    /// <summary>What is remembered of OpenTelemetry's traces.</summary>
    public TraceMemory Traces { get; } = new();

    /// <summary>
    /// What fell out of memory, for there is only so much room: what came later of it may lack a tool's name, an input,
    /// or an outcome.
    /// </summary>
    public long Forgotten => memory.Forgotten + otlp.Forgotten + Traces.Forgotten;

    /// <summary>Requests for export of one signal alone.</summary>
    public IFormatReader OpenOtlp(OtlpSignal signal, string source, string? session) => new StrictEvents(
        new OtlpReader(new OtlpSteps(otlp, source), session, signal), "otlp", FormatGuess.Of);

    /// <summary>Takes back what was noted of a trace, where it is of a span within that of a call.</summary>
    public void Recall(string source, string trace, string derivedId, Timestamp at)
    {
        if (OtlpStep.Read(derivedId) is { } step)
        {
            new OtlpSteps(otlp, source).Recall(trace, step, at);
        }
    }

    /// <param name="session">The session of events that name none.</param>
    /// <param name="source">Who sends them: what was reported under other names adds nothing to it.</param>
    /// <returns>Null when there is no format of this name.</returns>
    public IFormatReader? Open(string format, string? session, string source) => format switch
    {
        Auto => new AutoReader(this, session, source),
        "agent-sdk" => new AgentSdkReader(),
        _ => Events(format, session, source) is { } events ? new StrictEvents(events, format, FormatGuess.Of) : null,
    };

    private IEventReader? Events(string? format, string? session, string source)
    {
        var calls = memory.For(source, format ?? "");
        return format switch
        {
            "copilot" => new CopilotReader(calls, session),
            "agent-code" => new AgentCodeReader(session),
            "claude-code" => new ClaudeCodeReader(calls, session),
            "laravel" => new LaravelReader(),
            "otlp" => new OtlpReader(new OtlpSteps(otlp, source), session),
            "codex" => new CodexReader(calls, session),
            "gemini" => new GeminiReader(calls, session),
            "openai" => new OpenAiReader(calls, session),
            "anthropic" => new AnthropicReader(calls, session),
            "mcp" => new McpReader(session),
            "cursor" => new CursorReader(calls, session),
            "openai-agents" => new AgentsSdkReader(calls, session),
            "adk" => new AdkReader(calls, session),
            "cloudevents" => new CloudEventsReader(Within(session, source), session),
            _ => null,
        };
    }

    /// <summary>
    /// The session of a whole stream, where this event of it names it: one format may do so as late as in the last.
    /// </summary>
    public static string? SessionOf(string format, ReadOnlySpan<byte> text)
    {
        if (format != CopilotEvent.Format || text.IndexOf("\"sessionId\""u8) < 0)
        {
            return null;
        }

        try
        {
            return CopilotEvent.Read(StrictEvents.Parse(text)).SessionOfStream;
        }
        catch (UnreadableException)
        {
            return null;
        }
    }

    /// <summary>The data of one sender go on where those before ended: one reader for each format.</summary>
    private Func<JsonElement, string?, IEventReader?> Within(string? session, string source)
    {
        var readers = new BoundedMemory<(string Format, string? Session), IEventReader>(MostReaders, (_, _) => 1);
        return (data, named) =>
        {
            IEventReader? reader = null;
            if (FormatGuess.Of(data) is { } format and not "cloudevents")
            {
                readers.Change((format, named), known => reader = known ?? Events(format, named, source));
            }

            return reader;
        };
    }
}

/// <summary>agent-sdk writes tool audit records, which are what we speak: they go on byte for byte.</summary>
internal sealed class AgentSdkReader : IFormatReader
{
    public void Read(ReadOnlySpan<byte> text, long number, IFormatSink sink) => sink.Item(text);
}

/// <summary>Reads as whichever format the first event is of that can be told.</summary>
internal sealed class AutoReader(FormatReaders readers, string? session, string source) : IFormatReader
{
    private static readonly string Accepted = string.Join(", ", FormatReaders.Names);

    private IFormatReader? reader;

    public string? Recognised { get; private set; }

    public void Read(ReadOnlySpan<byte> text, long number, IFormatSink sink)
    {
        if (reader is null && !Recognise(text, sink))
        {
            return;
        }

        reader!.Read(text, number, sink);
    }

    private bool Recognise(ReadOnlySpan<byte> text, IFormatSink sink)
    {
        try
        {
            var happened = StrictEvents.Parse(text);
            Recognised = FormatGuess.Of(happened);
            reader = Recognised is null ? null : readers.Open(Recognised, session, source);
            if (reader is not null)
            {
                return true;
            }

            if (happened.Text("role") is { } role && happened.Member("content") is not null)
            {
                // What is said before the first call is alike in all chats; what may be a call is not only said.
                if (ChatParts.OtherIn(happened) is { } sentence)
                {
                    sink.Invalid(sentence);
                }
                else
                {
                    sink.Ignored(role);
                }
            }
            else
            {
                sink.Invalid($"of no format that can be told by it; named with the stream it is one of {Accepted}");
            }
        }
        catch (UnreadableException unreadable)
        {
            // One span that cannot be read costs itself alone, here too.
            if (text.IndexOf("\"resourceSpans\""u8) >= 0 || text.IndexOf("\"resourceLogs\""u8) >= 0)
            {
                Recognised = "otlp";
                reader = readers.Open(Recognised, session, source);
                return true;
            }

            sink.Invalid(unreadable.Message);
        }

        return false;
    }
}

/// <summary>Tells of which format an event is, by what only that format has.</summary>
public static class FormatGuess
{
    private const int MostLines = 50;

    private static readonly string[] Spans = ["resourceSpans", "resourceLogs", "resourceMetrics"];
    private static readonly string[] CodexLines =
        ["session_meta", "response_item", "event_msg", "turn_context", "compacted"];
    private static readonly string[] CodexEvents = ["thread.started", "turn.started", "turn.completed", "turn.failed"];
    private static readonly string[] AgentCodeEvents =
        ["session_start", "session_end", "turn_start", "turn_complete", "tool_call", "tool_result"];
    private static readonly string[] GeminiHooks =
        ["BeforeTool", "AfterTool", "BeforeAgent", "AfterAgent", "BeforeModel", "AfterModel", "BeforeToolSelection"];

    /// <summary>Hooks that others have by the same name; Gemini CLI alone gives them a time.</summary>
    private static readonly string[] SharedHooks = ["SessionStart", "SessionEnd", "Notification", "PreCompress"];

    /// <summary>Of the first line that tells it.</summary>
    /// <param name="text">The beginning of a stream.</param>
    public static string? Of(ReadOnlySpan<byte> text)
    {
        var lines = 0;
        foreach (var range in text.Split((byte)'\n'))
        {
            if (lines++ == MostLines)
            {
                break;
            }

            try
            {
                if (Of(StrictEvents.Parse(text[range])) is { } format)
                {
                    return format;
                }
            }
            catch (UnreadableException)
            {
                // Another line may tell it, and what is wrong with this one is said when it is read.
            }
        }

        return null;
    }

    /// <returns>Null where nothing tells it.</returns>
    internal static string? Of(JsonElement happened)
    {
        if (happened.Text("specversion") is not null && happened.Text("source") is not null)
        {
            return "cloudevents";
        }

        if (happened.ObjectMember("record") is not null || happened.ObjectMember("note")?.Text("type") is not null
            || (happened.Text("tool_call_id") is not null && happened.ObjectMember("outcome") is not null))
        {
            return "agent-sdk";
        }

        return Spans.Any(name => happened.Member(name) is not null) ? "otlp"
            : McpReader.MessageIn(happened) is not null ? "mcp"
            : happened.ObjectMember("request")?.Text("kind") is not null ? "laravel"
            : happened.Text("hook_event_name") is { } hook ? OfHook(happened, hook)
            : OfHost(happened, happened.Text("type") ?? "") ?? OfChat(happened);
    }

    private static string OfHook(JsonElement happened, string hook)
    {
        var transcript = (happened.Text("transcript_path") ?? "").Replace('\\', '/');
        var isGemini = GeminiHooks.Contains(hook) || LiesIn(".gemini")
            || (SharedHooks.Contains(hook) && happened.Text("timestamp") is not null && !LiesIn(".claude")
                && happened.Text("permission_mode") is null);
        return char.IsLower(hook[0]) ? "cursor"
            : isGemini ? "gemini"
            : happened.Text("turn_id") is not null || LiesIn(".codex") ? "codex"
            : "claude-code";

        bool LiesIn(string folder) => transcript.Contains($"/{folder}/", StringComparison.Ordinal);
    }

    private static string? OfHost(JsonElement happened, string type)
    {
        if ((CodexLines.Contains(type) && happened.ObjectMember("payload") is not null) || CodexEvents.Contains(type)
            || (type.StartsWith("item.", StringComparison.Ordinal) && happened.ObjectMember("item") is not null))
        {
            return "codex";
        }

        if (happened.Text("projectHash") is not null || happened.ObjectMember("$set") is not null
            || happened.Text("$rewindTo") is not null || type == "gemini")
        {
            return "gemini";
        }

        if (happened.Text("object") is "trace" or "trace.span" || AgentsSdkItem.Of(happened) is not null
            || happened.ArrayMember("data").FirstOrDefault().Text("object") is "trace" or "trace.span")
        {
            return "openai-agents";
        }

        if (AdkReader.IsEvent(happened) || happened.ArrayMember("events").Any(AdkReader.IsEvent))
        {
            return "adk";
        }

        return CopilotSpans.Reads(happened) && happened.Text("traceId") is not null ? "copilot"
            : type.Contains('.') && happened.ObjectMember("data") is not null ? "copilot"
            : type.Length > 0 && IsOfClaudeCode(happened, type) ? "claude-code"
            : AgentCodeEvents.Contains(type) && happened.Member("data") is null ? "agent-code"
            : null;
    }

    private static bool IsOfClaudeCode(JsonElement happened, string type) =>
        happened.Text("leafUuid") is not null
        || ((happened.Text("uuid") is not null || type is "assistant" or "user" or "progress" or "system")
            && (happened.Text("sessionId") ?? happened.Text("session_id")) is not null);

    private static string? OfChat(JsonElement happened)
    {
        var type = happened.Text("type") ?? "";
        if (happened.Text("object") is "chat.completion" or "chat.completion.chunk" or "response"
            || happened.Text("role") is "tool" or "function"
            || happened.ObjectMember("function_call")?.Text("name") is not null || VercelParts.In(happened).Any()
            || happened.ArrayMember("tool_calls").Any() || happened.ArrayMember("choices").Any()
            || (type.EndsWith("_call", StringComparison.Ordinal) && happened.Text("call_id") is not null)
            || (type.EndsWith("_call_output", StringComparison.Ordinal) && happened.Text("call_id") is not null)
            || type.StartsWith("mcp_approval_", StringComparison.Ordinal)
            || (type.StartsWith("response.", StringComparison.Ordinal)
                && (happened.ObjectMember("response") ?? happened.ObjectMember("item")) is not null))
        {
            return "openai";
        }

        var isAnthropic = (type == "message" && happened.Text("role") == "assistant"
                && happened.Text("stop_reason") is not null)
            || happened.ArrayMember("content").Any(ChatParts.IsOfCall)
            || (happened.ObjectMember("content_block") is not null && type == "content_block_start");
        return isAnthropic ? "anthropic"
            : new[] { "messages", "input", "output" }.SelectMany(name => happened.ArrayMember(name))
                .Select(OfChat).FirstOrDefault(format => format is not null);
    }
}
