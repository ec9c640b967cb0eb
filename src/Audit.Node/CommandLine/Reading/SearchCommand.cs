using System.CommandLine;
using System.Text.Json;

namespace Audit.Node.CommandLine.Reading;

/// <summary>`audit search QUERY`.</summary>
internal static class SearchCommand
{
    private static readonly Column[] Shown =
    [
        new("at", item => item.Clock("at")), Column.Of("session_id", "session"), Column.Of("tool_call_id", "call"),
        Column.Of("tool_name", "tool"), Column.Of("state"), new("outcome", CallColumns.Outcome), Column.Of("task_id", "task"),
        Column.Of("agent"), new("found", Found),
    ];

    public static Command Make(Surroundings surroundings)
    {
        var command = new Command(
            "search", "Searches what agents asked and got, newest first: words, \"phrases\", key:value, -not; `audit search --keys` lists the keys.");
        var query = new Argument<string[]>("QUERY") { Description = "the query", Arity = ArgumentArity.ZeroOrMore };
        command.Arguments.Add(query);
        var keys = new Option<bool>("--keys") { Description = "lists the keys of the query language" };
        command.Options.Add(keys);
        var limit = ReadSymbols.AddLimit(command, "hits");
        var read = new ReadSymbols(surroundings, command);
        command.SetAction(async (parsed, cancellation) =>
        {
            var text = string.Join(' ', parsed.GetValue(query) ?? []);
            if (!parsed.GetValue(keys))
            {
                RequireQuery(surroundings, text);
            }

            using var node = await read.OpenAsync(parsed, cancellation);
            var format = read.Format(parsed);
            if (parsed.GetValue(keys))
            {
                var known = await node.AskAsync("v1/search/keys", cancellation);
                await Answers.PrintListAsync(
                    surroundings, format, known.GetProperty("items").EnumerateArray().ToAsyncEnumerable(),
                    [Column.Of("key"), Column.Of("says"), Column.Of("values"), Column.Of("example")]);
                return ExitCode.Fine;
            }

            var path = ReadSymbols.Query("v1/search", ("q", text));
            await WarnOfLagAsync(surroundings, node, path, cancellation);
            await Answers.PrintListAsync(
                surroundings, format, node.ListAsync(path, parsed.GetValue(limit), cancellation), Shown);
            return ExitCode.Fine;
        });
        return command;
    }

    /// <summary>Points at the place in a query that is none, before anybody is asked.</summary>
    private static void RequireQuery(Surroundings surroundings, string text)
    {
        if (text.Length == 0)
        {
            throw CommandException.WrongUse("There is no query; `audit search --help` says what one is.");
        }

        try
        {
            SearchQuery.Parse(text, DateTimeOffset.UtcNow);
        }
        catch (SearchQueryException wrong)
        {
            surroundings.Error.WriteLine($"  {PrintableText.Of(text)}");
            surroundings.Error.WriteLine($"  {new string(' ', wrong.Offset)}{new string('^', Math.Max(1, wrong.Length))}");
            throw CommandException.WrongUse(wrong.Message);
        }
    }

    /// <summary>A person must not take what is not found yet for what is not there.</summary>
    private static async Task WarnOfLagAsync(Surroundings surroundings, NodeQuestions node, string path, CancellationToken cancellation)
    {
        var first = await node.AskAsync(path + "&limit=1", cancellation);
        var (indexed, end) = (first.Number("indexed_to"), first.Number("journal_end"));
        if (indexed < end)
        {
            surroundings.Error.WriteLine($"Searched up to position {indexed}; the {end - indexed} events behind it are not indexed yet.");
        }
    }

    private static string Found(JsonElement hit) =>
        hit.TryGetProperty("excerpt", out var excerpt) && excerpt.ValueKind == JsonValueKind.Object
            ? $"{(excerpt.Cell("cut_before") == "yes" ? "…" : "")}{excerpt.Text("text")}{(excerpt.Cell("cut_after") == "yes" ? "…" : "")}"
            : hit.Cell("command");
}
