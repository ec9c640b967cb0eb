using System.Text.Encodings.Web;
using System.Text.Json.Nodes;

namespace Audit.Formats.Hooks;

/// <summary>
/// Copilot's command line. Its hooks name no call, and the payload does not say of which hook it is; in the style of
/// its editor it does.
/// </summary>
public sealed class CopilotHost : IHookHost
{
    private const string Asking = "preToolUse";

    /// <summary>Its hooks, each with its other spelling.</summary>
    private static readonly (string Name, string Other)[] Hooks =
    [
        (Asking, "PreToolUse"), ("postToolUse", "PostToolUse"), ("postToolUseFailure", "PostToolUseFailure"),
        ("userPromptSubmitted", "UserPromptSubmit"), ("sessionStart", "SessionStart"), ("sessionEnd", "SessionEnd"),
        ("errorOccurred", "ErrorOccurred"),
    ];

    private static readonly string Accepted = string.Join(", ", Hooks.Select(hook => hook.Name));

    public string Name => "copilot";

    public string Title => "Copilot's command line";

    public bool NeedsEvent => true;

    public Hook Read(ReadOnlySpan<byte> payload, string? happened)
    {
        var said = StrictEvents.Parse(payload);
        var named = said.Text("hook_event_name") ?? happened ?? throw new UnreadableException(
            "hook_event_name", $"missing; the command says which hook it is, one of {Accepted}");
        var name = Hooks.FirstOrDefault(one => one.Name == named || one.Other == named).Name
            ?? throw new UnreadableException("event", $"\"{named}\" is not known; accepted are {Accepted}");
        var session = said.Text("sessionId") ?? said.RequireText("session_id");
        var hook = new Hook(name, session, name == Asking) { EndsSession = name == "sessionEnd" };
        return name switch
        {
            Asking or "postToolUse" or "postToolUseFailure" => hook with
            {
                Tool = said.Text("toolName") ?? said.Text("tool_name")
                    ?? throw new UnreadableException("toolName", "missing"),
                Input = InputOf(said.Member("toolArgs") ?? said.Member("tool_input")),
                Location = said.Text("cwd"),
                TellsOfTool = name != Asking,
                Result = name == Asking ? null : ResultOf(said, name == "postToolUse"),
            },
            "userPromptSubmitted" => hook with { Note = ("prompt", said) },
            "sessionStart" => hook with { Note = ("started", said) },
            "sessionEnd" => hook with { Note = ("ended", said) },
            _ => hook with { Note = ("error", said) },
        };
    }

    public string Decision(bool runs, string sentence) => HookText.Of(new JsonObject
    {
        ["permissionDecision"] = HookText.WordOf(runs), ["permissionDecisionReason"] = sentence,
    });

    public string Configuration(Func<string, string> command, int asking, int telling)
    {
        var hooks = new JsonObject();
        foreach (var (name, _) in Hooks)
        {
            hooks[name] = new JsonArray
            {
                new JsonObject
                {
                    ["type"] = "command", ["command"] = command(name),
                    ["timeoutSec"] = name == Asking ? asking : telling,
                },
            };
        }

        return HookText.Of(new JsonObject { ["version"] = 1, ["hooks"] = hooks }, isIndented: true);
    }

    private static ToolResult ResultOf(JsonElement said, bool succeeded)
    {
        if (!succeeded)
        {
            return new ToolResult(false, said.Text("error") ?? "");
        }

        var result = said.ObjectMember("toolResult") ?? said.ObjectMember("tool_result");
        var type = result?.Text("resultType") ?? result?.Text("result_type");
        var text = result?.Text("textResultForLlm") ?? result?.Text("text_result_for_llm");
        return new ToolResult(type is null or "success", text ?? "") { Data = result };
    }

    /// <summary>Arguments come as an object, or as the text of one.</summary>
    private static JsonElement? InputOf(JsonElement? given)
    {
        try
        {
            return given is { ValueKind: JsonValueKind.String } text ? JsonElement.Parse(text.GetString()!) : given;
        }
        catch (JsonException)
        {
            return given;
        }
    }
}

/// <summary>Claude Code. Its hooks name the call, and the node understands what they tell as it stands.</summary>
public sealed class ClaudeCodeHost : IHookHost
{
    private const string Asking = "PreToolUse";

    private static readonly string[] Telling =
        ["PostToolUse", "PostToolUseFailure", "PermissionDenied", "UserPromptSubmit", "SessionStart", "SessionEnd"];

    public string Name => ClaudeCode.ClaudeCodeReader.Format;

    public string Title => "Claude Code";

    public bool NeedsEvent => false;

    public Hook Read(ReadOnlySpan<byte> payload, string? happened)
    {
        var said = StrictEvents.Parse(payload);
        var name = said.RequireText("hook_event_name");
        var session = said.RequireText("session_id");
        return name != Asking
            ? new Hook(name, session, IsAsking: false)
            {
                Format = Name, TellsOfTool = name is "PostToolUse" or "PostToolUseFailure" or "PermissionDenied",
            }
            : new Hook(name, session, IsAsking: true)
            {
                Tool = said.RequireText("tool_name"), Input = said.Member("tool_input"),
                Call = said.RequireText("tool_use_id"), Location = said.Text("cwd"),
            };
    }

    public string Decision(bool runs, string sentence) => HookText.Of(new JsonObject
    {
        ["hookSpecificOutput"] = new JsonObject
        {
            ["hookEventName"] = Asking,
            ["permissionDecision"] = HookText.WordOf(runs),
            ["permissionDecisionReason"] = sentence,
        },
    });

    public string Configuration(Func<string, string> command, int asking, int telling)
    {
        var hooks = new JsonObject { [Asking] = EntryOf(Asking, asking) };
        // By itself a hook that cannot start or takes too long lets the tool run.
        hooks[Asking]![0]!["hooks"]![0]!["onFailure"] = "block";
        foreach (var name in Telling)
        {
            hooks[name] = EntryOf(name, telling);
        }

        return HookText.Of(new JsonObject { ["hooks"] = hooks }, isIndented: true);

        JsonArray EntryOf(string name, int seconds)
        {
            var hook = new JsonObject { ["type"] = "command", ["command"] = command(name), ["timeout"] = seconds };
            return [new JsonObject { ["hooks"] = new JsonArray { hook } }];
        }
    }
}

/// <summary>What the hosts' answers have in common.</summary>
internal static class HookText
{
    private static readonly JsonSerializerOptions OneLine = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private static readonly JsonSerializerOptions Indented = new(OneLine) { WriteIndented = true };

    public static string WordOf(bool runs) => runs ? "allow" : "deny";

    public static string Of(JsonObject answer, bool isIndented = false) =>
        answer.ToJsonString(isIndented ? Indented : OneLine);
}
