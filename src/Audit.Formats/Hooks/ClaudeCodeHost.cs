using System.Text.Json.Nodes;

namespace Audit.Formats.Hooks;

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
