using System.CommandLine;
using System.Text.Json;
using Audit.Node.CommandLine.Reading;

namespace Audit.Node.CommandLine.Tokens;

/// <summary>`audit token list`.</summary>
internal static class TokenListCommand
{
    private static readonly string[] Head = ["name", "roles", "agent", "task", "created", "revoked"];

    public static Command Make(Surroundings surroundings)
    {
        var command = new Command("list", "Lists the tokens, revoked ones too.");
        var output = OutputOption.Make();
        command.Options.Add(output);
        var desk = new TokenDeskSymbols(surroundings, command);
        command.SetAction(async (parsed, cancellation) =>
        {
            await using var opened = await desk.OpenAsync(parsed, makesStore: false, cancellation);
            Print(surroundings, parsed.GetValue(output), await opened.ListAsync(cancellation));
            return ExitCode.Fine;
        });
        return command;
    }

    private static void Print(Surroundings surroundings, OutputFormat format, IReadOnlyList<JsonElement> tokens)
    {
        switch (format)
        {
            case OutputFormat.Json:
                surroundings.Out.WriteLine(JsonSerializer.Serialize(tokens));
                break;
            case OutputFormat.Ndjson:
                foreach (var token in tokens)
                {
                    surroundings.Out.WriteLine(JsonSerializer.Serialize(token));
                }

                break;
            default:
                Columns.Write(surroundings, Head, tokens.Select(Row));
                break;
        }
    }

    private static string[] Row(JsonElement token) =>
    [
        Text(token, "name"),
        string.Join(',', token.GetProperty("roles").EnumerateArray().Select(role => role.GetString())),
        Text(token, "agent"),
        Text(token, "task"),
        Text(token, "created_at"),
        Text(token, "revoked_at"),
    ];

    private static string Text(JsonElement token, string member) => token.GetProperty(member).GetString() ?? "";
}
