using System.Text.Encodings.Web;

namespace Audit.Formats.Export;

/// <summary>
/// One auditable line: `identity=… task=… window=14:02-14:19 … 14:07:00 sql.query "ALTER TABLE …" completed (approved
/// by alice)`. Times are UTC, those of another day than the line's date with their date.
/// </summary>
internal static class SessionLine
{
    public static string Of(TaskWindow? window, IReadOnlyList<SessionEntry> entries)
    {
        var begins = window?.Opens ?? entries.Select(entry => entry.At).DefaultIfEmpty().Min();
        var day = begins.ToDateTimeOffset().Date;
        var line = new StringBuilder();
        Append(line, "identity", window?.Agent ?? WhoDid(entries));
        Append(line, "task", window?.Task ?? List(entries.Select(entry => entry.Task)));
        Append(line, "session", List(entries.Select(entry => entry.Session.Id)));
        Append(line, "source", List(entries.Select(entry => entry.Session.Source)));
        Append(line, "date", day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
        if (window is not null)
        {
            var end = window.End is { } closes ? TimeOf(closes, day, "HH:mm") : "";
            Append(line, "window", $"{TimeOf(window.Opens!.Value, day, "HH:mm")}-{end}");
            Append(line, "window_id", window.Id);
            Append(line, "approved_by", window.ApprovedBy!);
        }
        else
        {
            Append(line, "window", "none");
        }

        foreach (var entry in entries)
        {
            Append(line, entry, day);
        }

        return line.ToString();
    }

    /// <summary>The agents; where none is named, whoever reported for them.</summary>
    private static string WhoDid(IReadOnlyList<SessionEntry> entries) =>
        List(entries.Select(entry => entries.All(one => one.Agent is null) ? entry.Token : entry.Agent));

    private static void Append(StringBuilder line, string name, string value)
    {
        line.Append(line.Length == 0 ? "" : " ").Append(name).Append('=').Append(JsonText.Word(value));
    }

    private static void Append(StringBuilder line, SessionEntry entry, DateTime day)
    {
        line.Append(' ').Append(TimeOf(entry.At, day, "HH:mm:ss")).Append(' ').Append(OneLine(entry.Text));
        if (entry.State is { } state)
        {
            line.Append(' ').Append(OneLine(state));
        }

        line.Append(entry.Judged?.Word switch
        {
            WindowWord.GrantedAfter => " (granted after)",
            WindowWord.DecidedInTime => " (decided in time)",
            WindowWord.Accepted => " (accepted)",
            WindowWord.OutOfScope => " (out of scope)",
            WindowWord.Unproven => " (window unproven)",
            _ => "",
        });
        if (entry.ApprovedBy is { } person)
        {
            line.Append(" (approved by ").Append(JsonText.Word(person)).Append(')');
        }
        else if (entry.ClaimedBy is { } claimed)
        {
            line.Append(" (reported by the host as approved");
            line.Append(claimed.Length == 0 ? "" : $" by {JsonText.Word(claimed)}").Append(')');
        }
    }

    private static string List(IEnumerable<string?> names)
    {
        var listed = string.Join(',', names.OfType<string>().Distinct().Order(StringComparer.Ordinal));
        return listed.Length == 0 ? "none" : listed;
    }

    private static string TimeOf(Timestamp time, DateTime day, string format)
    {
        var moment = time.ToDateTimeOffset();
        return moment.ToString(moment.Date == day ? format : $"yyyy-MM-dd'T'{format}", CultureInfo.InvariantCulture);
    }

    // The separators of lines that Unicode knows break a line for some programs as much as our own does, and what
    // turns around what stands beside it, or is not seen, is shown by its number.
    private static string OneLine(string text) => string.Concat(text.EnumerateRunes().Select(rune =>
        Rune.IsControl(rune) || rune.Value is 0x2028 or 0x2029 ? " "
        : HiddenText.IsHidden(rune) ? $"\\u{rune.Value:X4}"
        : rune.ToString()));
}

/// <summary>How text is quoted where people read it: in one line, and no more escaped than it must be.</summary>
internal static class JsonText
{
    public static readonly JsonSerializerOptions Readable =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>A name as it is, and quoted where it could be taken for more than one.</summary>
    public static string Word(string name)
    {
        var isPlain = name.Length > 0 && !name.Any(letter =>
            char.IsWhiteSpace(letter) || char.IsControl(letter) || letter is '"' or '=' or '(' or ')');
        return isPlain ? name : JsonSerializer.Serialize(name, Readable);
    }
}
