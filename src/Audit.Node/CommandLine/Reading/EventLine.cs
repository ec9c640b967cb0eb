using System.Runtime.InteropServices;

namespace Audit.Node.CommandLine.Reading;

/// <summary>An event of the journal in one line for a person.</summary>
internal static class EventLine
{
    private const string Reset = "\u001b[0m";

    public static string Of(EventAnswer row, bool coloured)
    {
        if (!TryRead(row, out var happened))
        {
            return $"{row.Position,8}  {PrintableText.Of(Cells.Of(row.Manifest))}";
        }

        var time = Cells.Clock(happened.Text(EventField.RecordedAt) ?? happened.Text(EventField.ReceivedAt));
        var who = PrintableText.Of(Subject(happened));
        var what = PrintableText.Of(What(happened));
        return $"{row.Position,8}  {time}  {Colour(happened, what, coloured)}  {who}";
    }

    public static DateTimeOffset? ReceivedAt(EventAnswer row) =>
        TryRead(row, out var happened) ? Cells.Time(happened.Text(EventField.ReceivedAt)) : null;

    /// <returns>False for a row that is none of ours.</returns>
    private static bool TryRead(EventAnswer row, out EventView happened)
    {
        happened = default;
        return row.Event is { } stored
            && EventView.TryRead(JsonMarshal.GetRawUtf8Value(stored).ToArray(), out happened);
    }

    private static string Subject(in EventView happened)
    {
        var parts = new[]
        {
            Cell(happened, EventField.SessionId), Cell(happened, EventField.RecordedCall),
            Cell(happened, EventField.WindowId), Cell(happened, EventField.ToolName), Input(happened),
            Cell(happened, EventField.TaskId), Cell(happened, EventField.Agent), Cell(happened, EventField.Reason),
            Cell(happened, EventField.Token),
        };
        return string.Join("  ", parts.Where(part => part.Length > 0));
    }

    private static string Input(in EventView happened) =>
        happened.Raw(EventField.RequestedInput) is [(byte)'{' or (byte)'[', ..] input
            ? Cells.Of(Encoding.UTF8.GetString(input).ReplaceLineEndings(" "))
            : "";

    private static string What(in EventView happened) => happened.Text(EventField.Event) switch
    {
        EventNames.CallTransitioned => $"{Cell(happened, EventField.From)} → {Cell(happened, EventField.To)}",
        EventNames.CallConfirmed => $"reported twice, over {Cell(happened, EventField.ConfirmingChannel)}",
        EventNames.CallViolated => $"VIOLATION in {Cell(happened, EventField.From)}",
        EventNames.CallRejudged => $"judged again: {Ruling(happened, EventField.WasTo, EventField.WasCause)}"
            + $" → {Ruling(happened, EventField.NowTo, EventField.NowCause)}",
        EventNames.CallRetimed => happened.Raw(EventField.Now).IsEmpty ? "also dated" : "dated",
        EventNames.CallReviewed => $"reviewed by {Cell(happened, EventField.ReviewedBy)}",
        EventNames.SessionNoted => $"note {Cell(happened, EventField.Type)}",
        EventNames.OperatorActed => $"act {Cell(happened, EventField.Act)}",
        var name => Cells.Of(name),
    };

    /// <summary>A violation leads nowhere.</summary>
    private static string Ruling(in EventView happened, EventField to, EventField cause) =>
        happened.Raw(cause).IsEmpty ? Cell(happened, to) : "VIOLATION";

    private static string Colour(in EventView happened, string text, bool coloured)
    {
        var isViolation = happened.Text(EventField.Event) == EventNames.CallViolated;
        var code = isViolation ? "31;1" : happened.Text(EventField.To) switch
        {
            "completed" => "32",
            "cached" or "replayed" => "36",
            "blocked" or "persistence_failed" => "31",
            "awaiting_confirmation" => "33",
            _ => null,
        };
        return coloured && code is not null ? $"\u001b[{code}m{text}{Reset}" : text;
    }

    private static string Cell(in EventView happened, EventField field) => Cells.Of(happened.Text(field));
}
