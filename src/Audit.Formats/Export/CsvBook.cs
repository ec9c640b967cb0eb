using System.Buffers;
using System.Globalization;
using System.Text;
using Audit.Formats.Reading;

namespace Audit.Formats.Export;

/// <summary>One row an event, as RFC 4180 has it. Columns are only ever added, at the end.</summary>
public sealed class CsvBook : IBookWriter
{
    private static readonly (string Name, Func<BookEvent, string?> Value)[] Columns =
    [
        ("position", told => Number(told.Position)),
        ("stream", told => told.Stream),
        ("sequence", told => Number(told.Sequence)),
        ("event", told => told.Name),
        ("received_at", told => told.ReceivedAt),
        ("happened_at", told => told.HappenedAt),
        ("host", told => told.Host),
        ("on_behalf_of", told => told.OnBehalfOf),
        ("agent", told => told.Agent),
        ("task_id", told => told.TaskId),
        ("window_id", told => told.WindowId),
        ("session_id", told => told.SessionId),
        ("tool_call_id", told => told.ToolCallId),
        ("tool_name", told => told.Tool),
        ("kind", told => told.Kind),
        ("from", told => told.From),
        ("to", told => told.To),
        ("attempt", told => Number(told.Attempt)),
        ("anomalies", told => string.Join(' ', told.Anomalies)),
        ("reason", told => told.Reason),
        ("decision", told => told.Decision),
        ("source", told => told.Source),
        ("by", told => told.By),
        ("success", told => told.Success switch { true => "true", false => "false", null => null }),
        ("duration_ms", told => Number(told.DurationMs)),
        ("input", told => told.Input?.Raw()),
        ("output", told => told.Output),
        ("message_id", told => told.MessageId),
        ("detail", told => told.Detail?.Raw()),
    ];

    public void Begin(IBufferWriter<byte> to) => WriteRow(to, Columns.Select(column => column.Name));

    public void Write(BookEvent told, IBufferWriter<byte> to) => WriteRow(to, Columns.Select(column => column.Value(told)));

    public void End(IBufferWriter<byte> to)
    {
        // A table has no end of its own.
    }

    private static void WriteRow(IBufferWriter<byte> to, IEnumerable<string?> fields) =>
        Encoding.UTF8.GetBytes(string.Join(',', fields.Select(CsvField.Of)) + "\r\n", to);

    private static string? Number(long? number) => number?.ToString(CultureInfo.InvariantCulture);
}

/// <summary>A field of a table that people open with programs that take some text for a formula.</summary>
public static class CsvField
{
    private static readonly SearchValues<char> Special = SearchValues.Create(",\"\r\n");

    public static string Of(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return "";
        }

        // An agent that may name its tool must not get to calculate on an auditor's machine.
        var harmless = text[0] is '=' or '+' or '-' or '@' or '\t' or '\r' or '\n' ? "'" + text : text;
        return harmless.AsSpan().ContainsAny(Special) ? $"\"{harmless.Replace("\"", "\"\"")}\"" : harmless;
    }
}
