using System.CommandLine;
using Audit.Node.CommandLine.Remote;
using Audit.Node.Configuration;

namespace Audit.Node.CommandLine.Reading;

/// <summary>What the verbs that read from a node have in common.</summary>
internal sealed class ReadSymbols
{
    private readonly Surroundings surroundings;
    private readonly ServerSymbols server;
    private readonly NodeOptionSymbols node;
    private readonly Option<OutputFormat> output = OutputOption.Make();

    public ReadSymbols(Surroundings surroundings, Command command)
    {
        this.surroundings = surroundings;
        command.Options.Add(output);
        server = ServerSymbols.AddTo(command);
        node = NodeOptionSymbols.AddDataOnly(command);
    }

    public OutputFormat Format(ParseResult parsed) => parsed.GetValue(output);

    public async Task<NodeQuestions> OpenAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var options = NodeOptionsReader.Read(node.Gather(parsed, surroundings));
        return new NodeQuestions(
            await server.Locator(parsed, surroundings, options.Data).FindAsync(cancellation));
    }

    public static Option<int> AddLimit(Command command, string what)
    {
        var limit = new Option<int>("--limit")
        {
            HelpName = "N",
            Description = $"at most so many {what}, default 100",
            DefaultValueFactory = _ => 100,
        };
        limit.Validators.Add(given =>
        {
            if (given.Tokens.Count == 1 && (!int.TryParse(given.Tokens[0].Value, out var number) || number < 1))
            {
                given.AddError($"--limit \"{given.Tokens[0].Value}\" is not accepted; accepted is a whole number from 1.");
            }
        });
        command.Options.Add(limit);
        return limit;
    }

    public static Option<string> AddText(Command command, string name, string value, string description)
    {
        var option = new Option<string>(name) { HelpName = value, Description = description };
        command.Options.Add(option);
        return option;
    }

    /// <summary>A query of what was given; without what was not.</summary>
    public static string Query(string path, params (string Name, string? Value)[] parameters)
    {
        var given = parameters.Where(parameter => parameter.Value is not null)
            .Select(parameter => $"{parameter.Name}={Uri.EscapeDataString(parameter.Value!)}");
        var query = string.Join('&', given);
        return query.Length == 0 ? path : $"{path}?{query}";
    }
}
