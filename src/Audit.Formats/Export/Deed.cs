using System.Text.Json;
using Audit.Formats.Reading;

namespace Audit.Formats.Export;

/// <summary>A call, or the end of a session, as a line tells it.</summary>
internal sealed class Deed
{
    private const int LongestCommand = 300;

    /// <summary>Where inputs of tools have their command, the first that is there.</summary>
    private static readonly string[] Commands =
        ["command", "cmd", "sql", "query", "statement", "script", "fullCommandText", "file_path", "path", "url"];

    private string? tool;
    private string? displayName;
    private string? command;
    private string? description;

    private Deed(BookEvent told, bool isEnd)
    {
        Session = told.SessionId!;
        Agent = told.Agent;
        Task = told.TaskId;
        Host = told.Host;
        IsEnd = isEnd;
        At = TimeOf(told);
    }

    public string Session { get; }

    public string? Agent { get; private set; }

    public string? Task { get; private set; }

    public string? Host { get; }

    public bool IsEnd { get; }

    public Timestamp At { get; private set; }

    public string Text => IsEnd ? "ended"
        : (command ?? description) is { } said ? $"{tool ?? displayName} {JsonSerializer.Serialize(said, JsonText.Readable)}".TrimStart()
        : tool ?? displayName ?? "?";

    /// <summary>How it went, where it went otherwise than well.</summary>
    public string? State { get; private set; }

    public bool WasApproved { get; private set; }

    /// <summary>Who or what approved it last, where that is told.</summary>
    public string? ApprovedBy { get; private set; }

    public static Deed Begin(BookEvent told) => new(told, isEnd: false);

    public static Deed End(BookEvent told) => new(told, isEnd: true);

    public void Follow(BookEvent told)
    {
        Agent ??= told.Agent;
        Task ??= told.TaskId;
        var at = TimeOf(told);
        At = at < At ? at : At;
        tool ??= told.Tool;
        displayName ??= told.DisplayName;
        command ??= CommandOf(told.Input);
        description ??= told.Description;
        WasApproved |= told.Kind == "approved";
        ApprovedBy = told.Kind == "approved" ? told.By ?? told.Source : ApprovedBy;
        if (!told.IsLate)
        {
            State = told.To == "completed" && told.Success == false ? "failed" : told.To;
        }
    }

    public void Join(Deed before)
    {
        Agent ??= before.Agent;
        Task ??= before.Task;
    }

    private static string? CommandOf(JsonElement? input)
    {
        if (input is not { ValueKind: JsonValueKind.Object } members)
        {
            return input is { } other ? Shorten(other.AsText()) : null;
        }

        var named = Commands.Select(name => members.Text(name)).FirstOrDefault(text => text is not null);
        return Shorten(named ?? members.Raw());
    }

    private static string Shorten(string text) => text.Length <= LongestCommand
        ? text
        : text[..(char.IsHighSurrogate(text[LongestCommand - 1]) ? LongestCommand - 1 : LongestCommand)] + "…";

    private static Timestamp TimeOf(BookEvent told) =>
        Rfc3339.TryParse(told.HappenedAt ?? told.ReceivedAt ?? "", out var time) ? time : default;
}
