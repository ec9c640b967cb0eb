using System.Text.Encodings.Web;
using System.Text.Json;

namespace Audit.Node.CommandLine.Reading;

/// <summary>Prints what a node answered, as it was asked for.</summary>
internal static class Answers
{
    // What is printed here goes to a terminal or a pipe and never into a page.
    private static readonly JsonSerializerOptions OneLine = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly JsonSerializerOptions Indented = new(OneLine) { WriteIndented = true };

    public static async Task PrintListAsync(
        Surroundings surroundings, OutputFormat format, IAsyncEnumerable<JsonElement> items, IReadOnlyList<Column> columns)
    {
        switch (format)
        {
            case OutputFormat.Ndjson:
                await foreach (var item in items)
                {
                    WriteLine(surroundings, item);
                }

                break;
            case OutputFormat.Json:
                surroundings.Out.WriteLine(JsonSerializer.Serialize(await items.ToListAsync(), Indented));
                break;
            default:
                var rows = await items.Select(item => columns.Select(column => column.Text(item)).ToArray()).ToListAsync();
                Columns.Write(surroundings, [.. columns.Select(column => column.Title)], rows);
                break;
        }
    }

    /// <summary>One thing; for a person by what the caller prints.</summary>
    public static void PrintOne(Surroundings surroundings, OutputFormat format, JsonElement answer, Action<JsonElement> print)
    {
        switch (format)
        {
            case OutputFormat.Ndjson:
                WriteLine(surroundings, answer);
                break;
            case OutputFormat.Json:
                surroundings.Out.WriteLine(JsonSerializer.Serialize(answer, Indented));
                break;
            default:
                print(answer);
                break;
        }
    }

    public static void WriteLine(Surroundings surroundings, JsonElement answer) =>
        surroundings.Out.WriteLine(JsonSerializer.Serialize(answer, OneLine));
}
