namespace Audit.Formats.Hooks;

/// <summary>What a host said by one of its hooks.</summary>
/// <param name="Event">Which hook it is.</param>
/// <param name="Session">Of the host.</param>
/// <param name="IsAsking">A tool is about to run, and the host waits for an answer.</param>
public sealed record Hook(string Event, string Session, bool IsAsking)
{
    /// <summary>The tool that is about to run or that ran.</summary>
    public string? Tool { get; init; }

    public JsonElement? Input { get; init; }

    /// <summary>The call as the host names it; null for a host that names none.</summary>
    public string? Call { get; init; }

    /// <summary>Where it runs.</summary>
    public string? Location { get; init; }

    /// <summary>What the tool gave, of a call that ended.</summary>
    public ToolResult? Result { get; init; }

    /// <summary>What is noted of the session, and with which words of the host.</summary>
    public (string Type, JsonElement? Detail)? Note { get; init; }

    /// <summary>It tells of a tool that ran, or that the host refused.</summary>
    public bool TellsOfTool { get; init; }

    /// <summary>The session is over.</summary>
    public bool EndsSession { get; init; }

    /// <summary>The format that understands the payload as it stands; null where what is above says it all.</summary>
    public string? Format { get; init; }

    /// <summary>What kind a host's own tool is: a claim, which may only tighten what a policy says.</summary>
    public string Kind => Tool switch
    {
        "Bash" or "PowerShell" or "bash" or "powershell" => "shell",
        "Write" or "Edit" or "NotebookEdit" or "create" or "edit" or "str_replace_editor" or "apply_patch" => "write",
        "Read" or "Glob" or "Grep" or "LSP" or "view" or "glob" or "grep" or "rg" => "read",
        "WebFetch" or "WebSearch" or "web_fetch" or "web_search" => "url",
        _ when Tool?.StartsWith("mcp__", StringComparison.Ordinal) == true => "mcp",
        _ => "custom-tool",
    };
}

/// <summary>How one host says what happens, and hears what is decided.</summary>
public interface IHookHost
{
    string Name { get; }

    /// <summary>As a person calls it.</summary>
    string Title { get; }

    /// <summary>Its payloads do not say which hook they are of.</summary>
    bool NeedsEvent { get; }

    /// <param name="happened">Which hook the host's configuration says it is; null where it does not.</param>
    /// <exception cref="UnreadableException">It is no payload of a hook.</exception>
    Hook Read(ReadOnlySpan<byte> payload, string? happened);

    string Decision(bool runs, string sentence);

    /// <summary>What stands in the host's settings.</summary>
    /// <param name="command">Of a hook, by its name.</param>
    /// <param name="asking">How long the host waits for the hook that asks, and for any other, in seconds.</param>
    string Configuration(Func<string, string> command, int asking, int telling);
}
