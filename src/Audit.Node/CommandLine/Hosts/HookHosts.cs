using System.Buffers;
using System.Security.Cryptography;

namespace Audit.Node.CommandLine.Hosts;

/// <summary>Claude Code. Its hooks name the call, and what they tell the node understands as it stands.</summary>
internal sealed class ClaudeCodeHook : IHookHost
{
    private static readonly string[] Tells =
        ["PostToolUse", "PostToolUseFailure", "PermissionDenied", "UserPromptSubmit", "SessionStart", "SessionEnd"];

    public string Name => "claude-code";

    public Hook Read(StrictObject payload, string? happened)
    {
        var hook = new Hook(payload.RequiredText("hook_event_name"), payload.RequiredText("session_id"), payload)
        {
            Tool = payload.Text("tool_name"), Input = payload.Member("tool_input"),
        };
        if (hook.Event != "PreToolUse")
        {
            return hook;
        }

        _ = (payload.RequiredText("tool_name"), payload.RequiredText("tool_use_id"));
        return hook.Asking(HookJson.KindOf(hook.Tool!), payload.Text("cwd"));
    }

    public string CallOf(Hook hook, HookOptions options) => hook.Payload.RequiredText("tool_use_id");

    public void Forget(Hook hook, HookOptions options)
    {
        // It names its calls itself.
    }

    public (string Path, byte[] Body)? RecordOf(Hook hook, HookOptions options) => (
        NodeClient.PathOf($"v1/ingest/{Name}", ("task", options.Task), ("agent", options.Agent)),
        hook.Payload.Bytes.ToArray());

    public string Decision(bool runs, string sentence) => HookJson.Text(json =>
    {
        json.WriteStartObject("hookSpecificOutput"u8);
        json.WriteString("hookEventName"u8, "PreToolUse"u8);
        json.WriteString("permissionDecision"u8, runs ? "allow"u8 : "deny"u8);
        json.WriteString("permissionDecisionReason"u8, sentence);
        json.WriteEndObject();
    });

    public string Configuration(Func<string, string> command, TimeSpan wait) => HookJson.Text(isIndented: true, write: json =>
    {
        json.WriteStartObject("hooks"u8);
        foreach (var name in Tells.Prepend("PreToolUse"))
        {
            json.WriteStartArray(name);
            json.WriteStartObject();
            json.WriteStartArray("hooks"u8);
            json.WriteStartObject();
            json.WriteString("type"u8, "command"u8);
            json.WriteString("command"u8, command(name));
            json.WriteNumber("timeout"u8, HookJson.TimeoutOf(name, wait));
            if (name == "PreToolUse")
            {
                // By itself a hook that cannot start or takes too long lets the tool run.
                json.WriteString("onFailure"u8, "block"u8);
            }

            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndArray();
        }

        json.WriteEndObject();
    });
}

/// <summary>Copilot's command line. Its hooks name no call: the one that ends is the oldest that was to do the same.</summary>
internal sealed class CopilotHook : IHookHost
{
    /// <summary>Its events with what Claude Code calls them, which is what it calls them itself in another style.</summary>
    private static readonly (string Own, string Event)[] Events =
    [
        ("preToolUse", "PreToolUse"), ("postToolUse", "PostToolUse"), ("postToolUseFailure", "PostToolUseFailure"),
        ("userPromptSubmitted", "UserPromptSubmit"), ("sessionStart", "SessionStart"), ("sessionEnd", "SessionEnd"),
        ("errorOccurred", "ErrorOccurred"),
    ];

    public string Name => "copilot";

    public Hook Read(StrictObject payload, string? happened)
    {
        var name = payload.Text("hook_event_name") ?? happened ?? throw new UnreadableException(
            "hook_event_name", "missing; the configuration says which hook it is: audit hook copilot preToolUse");
        var known = Events.FirstOrDefault(one => one.Own == name || one.Event == name).Event
            ?? throw new UnreadableException("event", $"\"{name}\" is not known; accepted are {string.Join(", ", Events.Select(one => one.Own))}");
        var hook = new Hook(known, payload.Text("sessionId") ?? payload.RequiredText("session_id"), payload)
        {
            Tool = payload.Text("toolName") ?? payload.Text("tool_name"),
            Input = InputOf(payload.Member("toolArgs") ?? payload.Member("tool_input")),
        };
        if (hook.Tool is null && known.Contains("ToolUse", StringComparison.Ordinal))
        {
            throw new UnreadableException("toolName", "missing");
        }

        return known == "PreToolUse" ? hook.Asking(HookJson.KindOf(hook.Tool!), payload.Text("cwd")) : hook;
    }

    public string CallOf(Hook hook, HookOptions options) => new HookCalls(options.State, hook.Session).Begin(KeyOf(hook));

    public void Forget(Hook hook, HookOptions options) => new HookCalls(options.State, hook.Session).End(KeyOf(hook));

    public (string Path, byte[] Body)? RecordOf(Hook hook, HookOptions options)
    {
        var names = hook.NamesOf(options);
        var calls = new HookCalls(options.State, hook.Session);
        byte[]? item = hook.Event switch
        {
            "PostToolUse" or "PostToolUseFailure" => HostJson.Record(names, new ToolAuditRecord
            {
                // What was not asked is told all the same.
                ToolCallId = calls.End(KeyOf(hook)) ?? HookCalls.NewId(), ToolName = hook.Tool!,
                EffectiveInput = hook.Input, RecordedAt = HostJson.Now, Outcome = new Outcome.Completed(ResultOf(hook)),
            }),
            "UserPromptSubmit" => NoteOf("prompt", "prompt"),
            "SessionStart" => NoteOf("started", "source"),
            "SessionEnd" => NoteOf("ended", "reason"),
            _ => NoteOf("error", "error"),
        };
        if (hook.Event == "SessionEnd")
        {
            calls.Clear();
        }

        return ("v1/records", [(byte)'[', .. item, (byte)']']);

        byte[] NoteOf(string type, string member) => HostJson.Note(names, type, json =>
        {
            if (hook.Payload.Member(member) is { } said)
            {
                json.WritePropertyName(member);
                said.WriteTo(json);
            }
        });
    }

    public string Decision(bool runs, string sentence) => HookJson.Text(json =>
    {
        json.WriteString("permissionDecision"u8, runs ? "allow"u8 : "deny"u8);
        json.WriteString("permissionDecisionReason"u8, sentence);
    });

    public string Configuration(Func<string, string> command, TimeSpan wait) => HookJson.Text(isIndented: true, write: json =>
    {
        json.WriteNumber("version"u8, 1);
        json.WriteStartObject("hooks"u8);
        foreach (var (own, name) in Events)
        {
            json.WriteStartArray(own);
            json.WriteStartObject();
            json.WriteString("type"u8, "command"u8);
            json.WriteString("command"u8, command(own));
            json.WriteNumber("timeoutSec"u8, HookJson.TimeoutOf(name, wait));
            json.WriteEndObject();
            json.WriteEndArray();
        }

        json.WriteEndObject();
    });

    private static ToolResult ResultOf(Hook hook)
    {
        if (hook.Event == "PostToolUseFailure")
        {
            return new ToolResult(false, hook.Payload.Text("error") ?? "");
        }

        var result = hook.Payload.Member("toolResult") ?? hook.Payload.Member("tool_result");
        return new ToolResult(
            (Said("resultType") ?? Said("result_type")) is null or "success",
            Said("textResultForLlm") ?? Said("text_result_for_llm") ?? "") { Data = result };

        string? Said(string name) => result is { ValueKind: JsonValueKind.Object } members
            && members.TryGetProperty(name, out var text) && text.ValueKind == JsonValueKind.String ? text.GetString() : null;
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

    private static string KeyOf(Hook hook)
    {
        var canonical = new ArrayBufferWriter<byte>();
        CanonicalJson.Write(hook.Tool, canonical);
        CanonicalJson.Write(Encoding.UTF8.GetBytes(hook.Input?.GetRawText() ?? ""), canonical);
        return Convert.ToHexStringLower(SHA256.HashData(canonical.WrittenSpan));
    }
}

/// <summary>The calls of a session that have begun and not ended, in a file, for each hook is a process of its own.</summary>
internal sealed class HookCalls(string directory, string session)
{
    private const int Tries = 100;

    private readonly string path = Path.Combine(
        directory, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(session)).AsSpan(0, 16)));

    public static string Place => Path.Combine(
        Environment.GetFolderPath(
            Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify),
        "audit", "hooks");

    public static string NewId() => "copilot-" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));

    public string Begin(string key)
    {
        var id = NewId();
        Change(lines => lines.Add($"{key} {id}"));
        return id;
    }

    /// <returns>The oldest that was to do the same; null when there is none.</returns>
    public string? End(string key)
    {
        string? found = null;
        Change(lines =>
        {
            var place = lines.FindIndex(line => line.StartsWith(key + " ", StringComparison.Ordinal));
            if (place >= 0)
            {
                found = lines[place][(key.Length + 1)..];
                lines.RemoveAt(place);
            }
        });
        return found;
    }

    public void Clear() => File.Delete(path);

    private void Change(Action<List<string>> change)
    {
        OwnerOnly.MakeDirectory(directory);
        using var file = Open();
        using var reader = new StreamReader(file);
        var lines = reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).ToList();
        change(lines);
        file.SetLength(0);
        file.Write(Encoding.UTF8.GetBytes(string.Concat(lines.Select(line => line + "\n"))));
    }

    private FileStream Open()
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (tries < Tries)
            {
                // Another hook of the session has it for a moment.
                Thread.Sleep(10);
            }
        }
    }
}

/// <summary>What hosts have in common.</summary>
internal static class HookJson
{
    private const int Brief = 20;

    /// <summary>A host waits a little longer for a hook than the hook waits for a person.</summary>
    public static int TimeoutOf(string name, TimeSpan wait) =>
        name == "PreToolUse" ? (int)wait.TotalSeconds + Brief : Brief;

    public static string Text(Action<Utf8JsonWriter> write, bool isIndented = false)
    {
        var text = HostJson.Write(write);
        return isIndented
            ? JsonSerializer.Serialize(JsonElement.Parse(text), HostJson.Indented)
            : Encoding.UTF8.GetString(text);
    }

    /// <summary>What kind a host's own tool is; a policy takes it as a claim, which may only tighten.</summary>
    public static string KindOf(string tool) => tool switch
    {
        "Bash" or "PowerShell" or "bash" or "powershell" => "shell",
        "Write" or "Edit" or "NotebookEdit" or "create" or "edit" or "str_replace_editor" or "apply_patch" => "write",
        "Read" or "Glob" or "Grep" or "LSP" or "view" or "glob" or "grep" or "rg" => "read",
        "WebFetch" or "WebSearch" or "web_fetch" or "web_search" => "url",
        _ when tool.StartsWith("mcp__", StringComparison.Ordinal) => "mcp",
        _ => "custom-tool",
    };
}
