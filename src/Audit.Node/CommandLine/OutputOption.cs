using System.CommandLine;

namespace Audit.Node.CommandLine;

/// <summary>The option `-o`.</summary>
internal static class OutputOption
{
    public static Option<OutputFormat> Make()
    {
        var option = new Option<OutputFormat>("--output", "-o")
        {
            Description = "table (plain columns where no terminal is), json or ndjson",
            HelpName = "table|json|ndjson",
            CustomParser = result => Enum.TryParse<OutputFormat>(result.Tokens[0].Value, ignoreCase: true, out var format)
                && !char.IsAsciiDigit(result.Tokens[0].Value[0])
                ? format
                : Refuse(result),
        };
        return option;
    }

    private static OutputFormat Refuse(System.CommandLine.Parsing.ArgumentResult result)
    {
        result.AddError($"--output \"{result.Tokens[0].Value}\" is not accepted; accepted is table, json or ndjson.");
        return default;
    }
}
