using System.Runtime.InteropServices;

namespace Audit.Node.CommandLine.Reading;

/// <summary>An event of the journal in one line for a person.</summary>
internal static class EventLine
{
    private const int Narrowest = 8;

    public static string Of(EventAnswer row, Surroundings reader)
    {
        if (!TryRead(row, out var happened))
        {
            return $"{row.Position,8}  {PrintableText.Of(Cells.Of(row.Manifest))}";
        }

        var time = reader.Times.Of(happened.Text(EventField.RecordedAt) ?? happened.Text(EventField.ReceivedAt));
        var what = PrintableText.Of(What(happened));
        var start = $"{row.Position,8}  {time}  ";
        var who = new TableCell(PrintableText.Of(Subject(happened)));
        // One line for one event, so that what runs past is not lost among the rests of long ones.
        var room = Math.Max(reader.Width - start.Length - what.Length - 2, Narrowest);
        return start + Ansi.Of(what, reader.IsColoured ? Colour(happened) : null) + "  "
            + (reader is { OutIsTerminal: true, IsWide: false } ? TableLayout.Cut(who, room) : who.Text);
    }

    public static DateTimeOffset? ReceivedAt(EventAnswer row) =>
        TryRead(row, out var happened) ? Cells.Time(happened.Text(EventField.ReceivedAt)) : null;

    /// <summary>The host noted that the session is over.</summary>
    public static bool EndsSession(EventAnswer row) =>
        TryRead(row, out var happened) && happened.Text(EventField.Event) == EventNames.SessionNoted
        && happened.Text(EventField.Type) == "ended";

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
            Part(happened, EventField.SessionId), Part(happened, EventField.RecordedCall),
            Part(happened, EventField.WindowId), Part(happened, EventField.ToolName), Input(happened),
            Part(happened, EventField.TaskId), Part(happened, EventField.Agent), Part(happened, EventField.Reason),
            Part(happened, EventField.Token),
        };
        return string.Join("  ", parts.Where(part => part.Length > 0));
    }

    private static string Input(in EventView happened) =>
        happened.Raw(EventField.RequestedInput) is [(byte)'{' or (byte)'[', ..] input
            ? Cells.Of(Encoding.UTF8.GetString(input).ReplaceLineEndings(" "))
            : "";

    private static string What(in EventView happened) => happened.Text(EventField.Event) switch
    {
        EventNames.CallTransitioned => $"{Part(happened, EventField.From)} → {Part(happened, EventField.To)}"
            + (HasFailed(happened) ? ", failed" : ""),
        EventNames.CallConfirmed => $"reported twice, over {Part(happened, EventField.ConfirmingChannel)}",
        EventNames.CallViolated => $"VIOLATION in {Part(happened, EventField.From)}",
        EventNames.CallRejudged => $"judged again: {Ruling(happened, EventField.WasTo, EventField.WasCause)}"
            + $" → {Ruling(happened, EventField.NowTo, EventField.NowCause)}",
        EventNames.CallRetimed => happened.Raw(EventField.Now).IsEmpty ? "also dated" : "dated",
        EventNames.CallReviewed => $"reviewed by {Part(happened, EventField.ReviewedBy)}",
        EventNames.SessionNoted => $"note {Part(happened, EventField.Type)}",
        EventNames.OperatorActed => $"act {Part(happened, EventField.Act)}",
        var name => Cells.Of(name),
    };

    /// <summary>A violation leads nowhere.</summary>
    private static string Ruling(in EventView happened, EventField to, EventField cause) =>
        happened.Raw(cause).IsEmpty ? Part(happened, to) : "VIOLATION";

    private static string? Colour(in EventView happened) =>
        happened.Text(EventField.Event) == EventNames.CallViolated ? Ansi.Loud
        : happened.Text(EventField.To) is { } state ? CallColumns.Colour(state, HasFailed(happened) ? false : null)
        : null;

    private static bool HasFailed(in EventView happened) =>
        happened.Raw(EventField.FactSuccess).SequenceEqual("false"u8);

    private static string Part(in EventView happened, EventField field) => Cells.Of(happened.Text(field));
}
