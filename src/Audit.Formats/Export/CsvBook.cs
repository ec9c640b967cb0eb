namespace Audit.Formats.Export;

/// <summary>One row an event, as RFC 4180 has it. Columns are only ever added, at the end.</summary>
public sealed class CsvBook : IBookWriter
{
    private static readonly (string Name, Func<BookEvent, string?> Value)[] Columns =
    [
        ("position", row => Number(row.Position)),
        ("stream", row => row.Stream),
        ("sequence", row => Number(row.Sequence)),
        ("event", row => row.Name),
        ("received_at", row => row.ReceivedAt),
        ("happened_at", row => row.HappenedAt),
        ("source", row => row.Source),
        ("token", row => row.Token),
        ("on_behalf_of", row => row.OnBehalfOf),
        ("agent", row => row.Agent),
        ("task_id", row => row.TaskId),
        ("window_id", row => row.WindowId),
        ("session_id", row => row.SessionId),
        ("tool_call_id", row => row.ToolCallId),
        ("tool_name", row => row.Tool),
        ("kind", row => row.Kind),
        ("from", row => row.From),
        ("to", row => row.To),
        ("attempt", row => Number(row.Attempt)),
        ("anomalies", row => string.Join(' ', row.Anomalies)),
        ("reason", row => row.Reason),
        ("decision", row => row.Decision),
        ("approval_by", row => row.DecisionSource),
        ("by", row => row.By),
        ("success", row => row.Success switch { true => "true", false => "false", null => null }),
        ("duration_ms", row => Number(row.DurationMs)),
        ("input", row => row.Input?.Raw()),
        ("output", row => row.Output),
        ("message_id", row => row.MessageId),
        ("derived_id", row => row.DerivedId),
        ("detail", row => row.Detail?.Raw()),
        ("claimed_by", row => row.ClaimedBy),
        ("parent", row => row.Parent),
    ];

    public void Begin(IBufferWriter<byte> to) => CsvField.WriteRow(to, Columns.Select(column => column.Name));

    public void Write(BookEvent row, IBufferWriter<byte> to) =>
        CsvField.WriteRow(to, Columns.Select(column => column.Value(row)));

    public void End(IBufferWriter<byte> to)
    {
        // A table has no end of its own.
    }

    public void Stop(long after, string why, IBufferWriter<byte> to) =>
        CsvField.WriteRow(to, Columns.Select(column => column.Name switch
        {
            "position" => Number(after),
            "event" => "export.stopped",
            "reason" => why,
            _ => null,
        }));

    private static string? Number(long? number) => number?.ToString(CultureInfo.InvariantCulture);
}

/// <summary>
/// A field of a table that people open with programs that take some text for a formula. Such a program may be set to
/// part cells at semicolons, as in half of Europe, and then knows no quotes within a line: so what follows a semicolon,
/// a tab or a line's end is disarmed as well as what begins a field.
/// </summary>
public static class CsvField
{
    private static readonly SearchValues<char> Special = SearchValues.Create(",;\"\t\r\n");

    private static readonly SearchValues<char> Formula = SearchValues.Create("=+-@\uFF1D\uFF0B\uFF0D\uFF20");

    public static void WriteRow(IBufferWriter<byte> to, IEnumerable<string?> fields) =>
        Encoding.UTF8.GetBytes(string.Join(',', fields.Select(Of)) + "\r\n", to);

    public static string Of(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return "";
        }

        var harmless = Disarmed(text);
        return harmless.AsSpan().ContainsAny(Special) ? $"\"{harmless.Replace("\"", "\"\"")}\"" : harmless;
    }

    /// <summary>An agent that may name its tool must not get to calculate on an auditor's machine.</summary>
    private static string Disarmed(string text)
    {
        var written = new StringBuilder(text.Length + 2);
        var begins = true;
        for (var index = 0; index < text.Length; index++)
        {
            // At the begin of what may be a cell, spaces and quotes do not keep a formula from being one.
            if (begins && IsFormula(text.AsSpan(index)))
            {
                written.Append('\'');
            }

            begins = text[index] is ';' or '\t' or '\r' or '\n';
            written.Append(text[index]);
        }

        return text[0] is '\t' or '\r' or '\n' ? $"'{written}" : written.ToString();
    }

    private static bool IsFormula(ReadOnlySpan<char> cell)
    {
        // What a program passes over before it looks: spaces of all kinds, and what has no shape of its own.
        var first = 0;
        while (first < cell.Length && (cell[first] is '"' or '\''
            || (HiddenText.IsBlank(cell[first]) && cell[first] is not ('\t' or '\r' or '\n'))))
        {
            first++;
        }

        var rest = cell[first..];
        return rest.Length > 0 && Formula.Contains(rest[0]) && (cell[0] != '\'' || rest.Length < cell.Length - 1);
    }
}
