namespace Audit.Formats.Otlp;

/// <summary>How an emitter writes calls of tools into its spans, or into its log records.</summary>
/// <param name="Signal">Which of the two these are.</param>
/// <param name="Marks">By one of these a span or log record is known to be of a call and of this dialect.</param>
public sealed record OtlpDialect(string Name, string Title, OtlpSignal Signal, params OtlpMark[] Marks)
{
    /// <summary>
    /// The repository, commit and path from which the inputs of its golden file are; null where the dialect was written
    /// after documentation alone.
    /// </summary>
    public string? Upstream { get; init; }

    /// <summary>
    /// Whose calls these are: the ids of messages begin with it, and a host that also tells its calls in a format of
    /// its own tells the same ones.
    /// </summary>
    public string Host { get; init; } = OtlpDialects.Format;

    /// <summary>
    /// Attributes, the first of them that there is: the tool, the id of the call, what went in and what came out.
    /// </summary>
    public string[] Tool { get; init; } = [];

    public string[] Call { get; init; } = [];

    public string[] Input { get; init; } = [];

    /// <summary>A begin of attributes that hold the members of the input, and what they end with.</summary>
    public (string Begin, string End)? InputMembers { get; init; }

    public string[] Output { get; init; } = [];

    /// <summary>What was decided, by what way, whether the tool did well, and its error.</summary>
    public string[] Decision { get; init; } = [];

    public string[] Source { get; init; } = [];

    /// <summary>What also says what was decided, where it was refused: what was not tells it elsewhere.</summary>
    public string[] Refusal { get; init; } = [];

    public string[] Success { get; init; } = [];

    public string[] Error { get; init; } = [];

    /// <summary>By what a call that failed is known, beside the span's status.</summary>
    public OtlpMark? Failing { get; init; }

    /// <summary>Names under which it reports what is no call.</summary>
    public string[] NoCall { get; init; } = [];

    /// <summary>False where a mark tells the emitter alone, and another dialect that it is a call.</summary>
    internal bool MakesCall { get; init; } = true;

    /// <summary>It tells of spans within that of a call what was decided of the call, or how its tool did.</summary>
    internal bool TellsSteps { get; init; }

    /// <summary>Of a call its span says nothing of whether it ran, and spans of another dialect within it do.</summary>
    internal bool IsSettledWithin { get; init; }

    public bool IsVerified => Upstream is not null;
}

/// <summary>By what a dialect is known.</summary>
/// <param name="Value">Empty for any.</param>
public readonly record struct OtlpMark(OtlpMarkKind Kind, string Key, string Value = "")
{
    /// <summary>An attribute that it has as well, for others use the first one too.</summary>
    public string? With { get; init; }

    public static OtlpMark Attribute(string key, string value = "") => new(OtlpMarkKind.Attribute, key, value);

    /// <summary>The name of the span or event, or where it ends with a space, what that begins with.</summary>
    public static OtlpMark Named(string name) => new(OtlpMarkKind.Name, name);

    public static OtlpMark Scope(string name) => new(OtlpMarkKind.Scope, name);
}

public enum OtlpMarkKind : byte
{
    Attribute,
    Name,
    Scope,
}

/// <summary>
/// All dialects that are understood. A span may be of several, and then the first that has an attribute has the say.
/// </summary>
public static class OtlpDialects
{
    public const string Format = "otlp";

    /// <summary>Names of agents and conversations are the same in most dialects, and stand above calls too.</summary>
    internal static readonly string[] Conversations =
    [
        "gen_ai.conversation.id", "conversation.id", "langfuse.session.id", "langsmith.trace.session_id",
        "traceloop.association.properties.session_id", "ai.telemetry.metadata.sessionId",
        "gcp.vertex.agent.session_id", OnEachSpan,
    ];

    /// <summary>
    /// By OpenTelemetry's conventions all spans of a session have it, and so have those of sites with no agent at all.
    /// With <see cref="OfOpenInference"/> it may stand in one span alone.
    /// </summary>
    internal const string OnEachSpan = "session.id";

    internal const string OfOpenInference = "openinference.span.kind";

    internal static readonly string[] Agents = ["gen_ai.agent.name", "agent.name", "agent_name", "agent_id"];

    internal static readonly string[] Providers = ["gen_ai.provider.name", "gen_ai.system"];

    internal const string Model = "gen_ai.request.model";

    internal const string Duration = "duration_ms";

    public static IReadOnlyList<OtlpDialect> All { get; } =
    [
        new("copilot", "GitHub Copilot", OtlpSignal.Traces, OtlpMark.Scope("github.copilot"))
        {
            Host = "copilot", MakesCall = false,
        },
        new("claude-code", "Claude Code, spans", OtlpSignal.Traces, OtlpMark.Named("claude_code.tool"),
            OtlpMark.Attribute("span.type", "tool") with { With = "tool_use_id" })
        {
            Host = "claude-code", Tool = ["tool_name"], Call = ["tool_use_id"], Input = ["tool_input"],
            Output = ["tool_output"], IsSettledWithin = true,
        },
        new("claude-code-steps", "Claude Code, spans within a call", OtlpSignal.Traces,
            OtlpMark.Named("claude_code.tool.blocked_on_user"), OtlpMark.Named("claude_code.tool.execution"))
        {
            // The span of the call lasts through the question too, and ends in the same way where it was refused.
            MakesCall = false, TellsSteps = true, Decision = ["decision"], Source = ["source"], Success = ["success"],
            Error = ["error"],
        },
        new("agent-sdk", "agent-sdk", OtlpSignal.Traces, OtlpMark.Attribute("agent_sdk.tool.outcome"))
        {
            MakesCall = false, Decision = ["agent_sdk.tool.outcome"],
        },
        new("vercel-ai", "Vercel AI SDK", OtlpSignal.Traces, OtlpMark.Attribute("ai.operationId", "ai.toolCall"))
        {
            Tool = ["ai.toolCall.name"], Call = ["ai.toolCall.id"], Input = ["ai.toolCall.args", "ai.toolCall.input"],
            Output = ["ai.toolCall.result", "ai.toolCall.output"],
        },
        new("openinference", "OpenInference", OtlpSignal.Traces, OtlpMark.Attribute(OfOpenInference, "TOOL"))
        {
            Tool = ["tool.name"], Call = ["tool_call.id", "tool.id"], Input = ["input.value", "tool.parameters"],
            Output = ["output.value"],
        },
        new("openllmetry", "OpenLLMetry", OtlpSignal.Traces, OtlpMark.Attribute("traceloop.span.kind", "tool"))
        {
            Tool = ["traceloop.entity.name"], Input = ["traceloop.entity.input"], Output = ["traceloop.entity.output"],
        },
        new("langfuse", "Langfuse", OtlpSignal.Traces, OtlpMark.Attribute("langfuse.observation.type", "tool"))
        {
            Input = ["langfuse.observation.input"], Output = ["langfuse.observation.output"],
            Failing = OtlpMark.Attribute("langfuse.observation.level", "ERROR"),
            Error = ["langfuse.observation.status_message"],
        },
        new("langsmith", "LangSmith", OtlpSignal.Traces, OtlpMark.Attribute("langsmith.span.kind", "tool"))
        {
            Input = ["gen_ai.prompt"], Output = ["gen_ai.completion"],
        },
        new("pydantic-ai", "Pydantic AI, Logfire", OtlpSignal.Traces, OtlpMark.Named("running tool"),
            OtlpMark.Attribute("tool_arguments"))
        {
            Input = ["tool_arguments"], Output = ["tool_response"],
        },
        new("google-genai", "google-genai", OtlpSignal.Traces, OtlpMark.Attribute("code.function.return.type"),
            OtlpMark.Attribute("code.function.return.value"))
        {
            Upstream = "pydantic/logfire@116a427a254c2480d87d24161f55d570395d59d5 "
                + "tests/otel_integrations/test_google_genai.py",
            MakesCall = false, InputMembers = ("code.function.parameters.", ".value"),
            Output = ["code.function.return.value"],
        },
        new("adk", "Agent Development Kit", OtlpSignal.Traces, OtlpMark.Attribute("gcp.vertex.agent.tool_call_args"),
            OtlpMark.Attribute("gcp.vertex.agent.tool_response"))
        {
            Input = ["gcp.vertex.agent.tool_call_args"], Output = ["gcp.vertex.agent.tool_response"],
            // It repeats what came of several calls at a time, each of which has a span of its own.
            NoCall = ["(merged tools)"],
        },
        new("gen-ai", "OpenTelemetry GenAI conventions", OtlpSignal.Traces,
            OtlpMark.Attribute("gen_ai.operation.name", "execute_tool"), OtlpMark.Named("execute_tool "))
        {
            Tool = ["gen_ai.tool.name"], Call = ["gen_ai.tool.call.id"], Input = ["gen_ai.tool.call.arguments"],
            Output = ["gen_ai.tool.call.result"],
        },
        new("mcp", "OpenTelemetry MCP conventions", OtlpSignal.Traces,
            OtlpMark.Attribute("mcp.method.name", "tools/call"))
        {
            Tool = ["gen_ai.tool.name"], Call = ["gen_ai.tool.call.id"], Input = ["gen_ai.tool.call.arguments"],
            Output = ["gen_ai.tool.call.result"],
        },
        new("gen-ai-decision", "OpenTelemetry GenAI conventions, decisions", OtlpSignal.Logs,
            OtlpMark.Named("gen_ai.tool.call.decision"))
        {
            Tool = ["gen_ai.tool.name"], Call = ["gen_ai.tool.call.id"], Input = ["gen_ai.tool.call.arguments"],
            Decision = ["gen_ai.tool.call.decision.outcome"], Source = ["gen_ai.tool.call.decision.source"],
        },
        new("claude-code-logs", "Claude Code, log events", OtlpSignal.Logs,
            OtlpMark.Named("claude_code.tool_decision"), OtlpMark.Named("claude_code.tool_result"))
        {
            Host = "claude-code", Tool = ["tool_name"], Call = ["tool_use_id"],
            Input = ["tool_input", "tool_parameters"], Decision = ["decision"], Refusal = ["decision_type"],
            Source = ["source", "decision_source"], Success = ["success"], Error = ["error", "error_type"],
        },
        new("codex-logs", "Codex, log events", OtlpSignal.Logs,
            OtlpMark.Named("codex.tool_decision"), OtlpMark.Named("codex.tool_result"))
        {
            Host = "codex", Tool = ["tool_name"], Call = ["call_id"], Input = ["arguments"], Output = ["output"],
            Decision = ["decision"], Source = ["source"], Success = ["success"], Error = ["error.message"],
        },
        new("gemini-cli", "Gemini CLI, log events", OtlpSignal.Logs, OtlpMark.Named("gemini_cli.tool_call"),
            OtlpMark.Named("qwen-code.tool_call"))
        {
            Upstream = "google-gemini/gemini-cli@001a804cf6d1737b30447d13956af5cbe4d1e272 "
                + "packages/core/src/telemetry/loggers.test.ts",
            Tool = ["function_name"], Call = ["call_id", "tool_call_id"], Input = ["function_args"],
            Decision = ["decision"], Success = ["success"], Error = ["error", "error_type"],
        },
    ];

    internal static IReadOnlyList<OtlpDialect> OfSpans { get; } = Of(OtlpSignal.Traces);

    internal static IReadOnlyList<OtlpDialect> OfLogs { get; } = Of(OtlpSignal.Logs);

    private static IReadOnlyList<OtlpDialect> Of(OtlpSignal signal) => [.. All.Where(one => one.Signal == signal)];
}
