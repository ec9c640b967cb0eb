using System.Text.Json;
using Audit.Lifecycle;

namespace Audit.Formats;

/// <summary>A call, or the end of a session, as a line tells it.</summary>
internal sealed class Deed
{
    private const int LongestCommand = 300;

    /// <summary>Where inputs of tools have their command, the first that is there.</summary>
    private static readonly string[] Commands =
        ["command", "cmd", "sql", "query", "statement", "script", "fullCommandText", "file_path", "path", "url"];

    private Deed(BookEvent told, bool isEnd)
    {
        Session = told.SessionId!;
        Agent = told.Agent;
        Task = told.TaskId;
        Host = told.Host;
        IsEnd = isEnd;
        At = TimeOf(told);
        Text = isEnd ? "ended" : "";
    }

    public string Session { get; }

    public string? Agent { get; private set; }

    public string? Task { get; private set; }

    public string? Host { get; }

    public bool IsEnd { get; }

    public Timestamp At { get; private set; }

    public string Text { get; private set; }

    /// <summary>How it went, where it went otherwise than well.</summary>
    public string? State { get; private set; }

    public string? ApprovedBy { get; private set; }

    public static Deed Begin(BookEvent told) => new(told, isEnd: false);

    public static Deed End(BookEvent told) => new(told, isEnd: true);

    public void Follow(BookEvent told)
    {
        Agent ??= told.Agent;
        Task ??= told.TaskId;
        At = TimeOf(told) is var at && at < At ? at : At;
        var command = CommandOf(told.Input);
        if (Text.Length == 0 || (command is not null && !Text.Contains('"')))
        {
            Text = command is null ? told.Tool ?? Text : $"{told.Tool ?? Text} {JsonSerializer.Serialize(command, JsonText.Readable)}".TrimStart();
        }

        ApprovedBy = told.Kind == "approved" ? told.By ?? told.Source ?? told.Decision : ApprovedBy;
        State = told.To == "completed" && told.Success == false ? "failed" : told.To;
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
