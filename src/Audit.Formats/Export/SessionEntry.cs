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
    private string? question;

    private SessionEntry(BookEvent row, bool isEnd)
    {
        Session = (row.Source ?? "", row.SessionId!);
        Agent = row.Agent;
        Task = row.TaskId;
        Position = row.Position;
        Token = row.Token;
        IsEnd = isEnd;
        At = TimeOf(row);
        Received = row.ReceivedAt is null ? At : TimeOf(row.ReceivedAt);
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

    /// <summary>The window into which it is dated, and how it stands to that.</summary>
    public (TaskWindow Window, WindowWord Word)? Judged { get; set; }

    public string? Tool => tool;

    /// <summary>When the node received a person's decision on the question that stands.</summary>
    public Timestamp? DecidedAt { get; private set; }

    public string Text => IsEnd ? "ended"
        : (command ?? description) is { } text
            ? $"{Name} {JsonSerializer.Serialize(text, JsonText.Readable)}".TrimStart()
        : Name ?? "?";

    private string? Name => (tool ?? displayName) is { Length: > 0 } name ? JsonText.Word(name) : null;

    /// <summary>How it went, where it went otherwise than well.</summary>
    public string? State { get; private set; }

    /// <summary>Who approved the question that stands, through the node.</summary>
    public string? ApprovedBy { get; private set; }

    /// <summary>What its host says of an approval, where the node made none; empty where it names nobody.</summary>
    public string? ClaimedBy { get; private set; }

    public static SessionEntry Begin(BookEvent row) => new(row, isEnd: false);

    public static SessionEntry End(BookEvent row) => new(row, isEnd: true);

    public void Follow(BookEvent row)
    {
        Agent ??= row.Agent;
        Task ??= row.TaskId;
        var at = TimeOf(row);
        At = at < At ? at : At;
        if (row.IsMadeByNode && row.Kind is "approved" or "blocked")
        {
            DecidedAt = TimeOf(row.ReceivedAt);
        }

        tool ??= row.Tool;
        displayName ??= row.DisplayName;
        command ??= CommandOf(row.Input);
        description ??= row.Description;
        if (row.Kind == "requires_confirmation" && row.Question != question)
        {
            // What was approved before is another question.
            (question, ApprovedBy, ClaimedBy, DecidedAt) = (row.Question, null, null, null);
        }
        else if (row.Kind == "approved")
        {
            ApprovedBy = row.IsMadeByNode ? row.By : ApprovedBy;
            ClaimedBy = row.IsMadeByNode ? ClaimedBy : row.ClaimedBy ?? row.DecisionSource ?? "";
        }

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
