using System.Runtime.InteropServices;

namespace Audit.Formats.Export;

/// <summary>A call, or the end of a session, as a line shows it.</summary>
internal sealed class SessionEntry
{
    private const int LongestCommand = 300;

    private string? tool;
    private string? displayName;
    private string? command;
    private string? description;

    private SessionEntry(BookEvent row, bool isEnd)
    {
        Session = (row.Source ?? "", row.SessionId!);
        Agent = row.Agent;
        Task = row.TaskId;
        Position = row.Position;
        Token = row.Token;
        IsEnd = isEnd;
        At = TimeOf(row);
        Received = TimeOf(row.ReceivedAt);
    }

    public (string Source, string Id) Session { get; }

    public string? Agent { get; private set; }

    public string? Task { get; private set; }

    public string? Token { get; }

    public bool IsEnd { get; }

    public Timestamp At { get; private set; }

    /// <summary>When the first of it was received.</summary>
    public Timestamp Received { get; }

    public long Position { get; }

    /// <summary>It is dated into a window, was reported after the end of it, and nobody accepted it there.</summary>
    public bool IsUnproven { get; set; }

    public string Text => IsEnd ? "ended"
        : (command ?? description) is { } text
            ? $"{Name} {JsonSerializer.Serialize(text, JsonText.Readable)}".TrimStart()
        : Name ?? "?";

    private string? Name => (tool ?? displayName) is { Length: > 0 } name ? JsonText.Word(name) : null;

    /// <summary>How it went, where it went otherwise than well.</summary>
    public string? State { get; private set; }

    public bool WasApproved { get; private set; }

    /// <summary>Who or what approved it last, where that is row.</summary>
    public string? ApprovedBy { get; private set; }

    public static SessionEntry Begin(BookEvent row) => new(row, isEnd: false);

    public static SessionEntry End(BookEvent row) => new(row, isEnd: true);

    public void Follow(BookEvent row)
    {
        Agent ??= row.Agent;
        Task ??= row.TaskId;
        var at = TimeOf(row);
        At = at < At ? at : At;
        tool ??= row.Tool;
        displayName ??= row.DisplayName;
        command ??= CommandOf(row.Input);
        description ??= row.Description;
        WasApproved |= row.Kind == "approved";
        ApprovedBy = row.Kind == "approved" ? row.By ?? row.DecisionSource : ApprovedBy;
        if (!row.IsLate)
        {
            State = row.To == "completed" && row.Success == false ? "failed" : row.To;
        }
    }

    public void Join(SessionEntry before)
    {
        Agent ??= before.Agent;
        Task ??= before.Task;
    }

    private static string? CommandOf(JsonElement? input) => input is { } given
        ? ShortText.Of(
            Encoding.UTF8.GetString(InputCommand.Of(JsonMarshal.GetRawUtf8Value(given))), LongestCommand)
        : null;

    private static Timestamp TimeOf(BookEvent row) => TimeOf(row.HappenedAt ?? row.ReceivedAt);

    private static Timestamp TimeOf(string? text) => Rfc3339.TryParse(text ?? "", out var time) ? time : default;
}
