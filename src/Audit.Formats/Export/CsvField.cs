using System.Buffers;

namespace Audit.Formats.Export;

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
