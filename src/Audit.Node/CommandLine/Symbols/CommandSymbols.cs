using System.CommandLine.Parsing;

namespace Audit.Node.CommandLine.Symbols;

/// <summary>How a verb declares what it accepts.</summary>
internal static class CommandSymbols
{
    public static Argument<string> AddName(this Command command, string name, string description) =>
        command.Declare(new Argument<string>(name) { Description = description });

    public static Argument<string?> AddOptionalName(this Command command, string name, string description) =>
        command.Declare(new Argument<string?>(name) { Description = description, Arity = ArgumentArity.ZeroOrOne });

    public static Option<string> AddText(
        this Command command, string name, string value, string description, bool required = false) =>
        command.Declare(new Option<string>(name) { HelpName = value, Description = description, Required = required });

    /// <summary>An option that may be given several times.</summary>
    public static Option<string[]> AddTexts(this Command command, string name, string value, string description) =>
        command.Declare(new Option<string[]>(name) { HelpName = value, Description = description });

    public static Option<bool> AddFlag(this Command command, string name, string description) =>
        command.Declare(new Option<bool>(name) { Description = description });

    /// <summary>Whose session is meant, where several sources report one of its id.</summary>
    public static Option<string> AddSource(this Command command) =>
        command.AddText("--source", "SOURCE", "whose session it is, where several sources report one of this id");

    /// <summary>How many items of a list are wanted.</summary>
    public static Option<int> AddLimit(this Command command, string what) => command.AddNumber(
        "--limit", $"at most so many {what}, default 100", 100, number => number >= 1, "a whole number from 1");

    public static Option<T> AddNumber<T>(
        this Command command, string name, string description, T otherwise, Func<T, bool> isAccepted, string accepted)
        where T : IParsable<T>
    {
        var option = new Option<T>(name)
        {
            HelpName = "N",
            Description = description,
            // None is shown that stands for something else, as 0 for all.
            DefaultValueFactory = EqualityComparer<T>.Default.Equals(otherwise, default) ? null : _ => otherwise,
        };
        option.Validators.Add(given =>
        {
            if (given.Tokens is [var token]
                && !(T.TryParse(token.Value, CultureInfo.InvariantCulture, out var number) && isAccepted(number)))
            {
                given.AddError($"{name} \"{token.Value}\" is not accepted; accepted is {accepted}.");
            }
        });
        return command.Declare(option);
    }

    /// <summary>The option `-o`.</summary>
    public static Option<OutputFormat> AddOutput(this Command command) => command.Declare(
        new Option<OutputFormat>("--output", "-o")
        {
            Description = "table (plain columns where no terminal is), json or ndjson",
            HelpName = "table|json|ndjson",
            CustomParser = ReadFormat,
        });

    public static Option<T> Declare<T>(this Command command, Option<T> option)
    {
        command.Options.Add(option);
        return option;
    }

    public static Argument<T> Declare<T>(this Command command, Argument<T> argument)
    {
        command.Arguments.Add(argument);
        return argument;
    }

    private static OutputFormat ReadFormat(ArgumentResult given)
    {
        var word = given.Tokens[0].Value;
        if (Enum.TryParse<OutputFormat>(word, ignoreCase: true, out var format) && !char.IsAsciiDigit(word[0]))
        {
            return format;
        }

        given.AddError($"--output \"{word}\" is not accepted; accepted is table, json or ndjson.");
        return default;
    }
}

/// <summary>How a person wants to read what is listed: `--wide` and `--time`.</summary>
internal sealed class LookSymbols(Command command)
{
    private readonly Option<bool> wide = command.AddFlag("--wide", "on a terminal: all columns, and nothing cut");
    private readonly Option<TimeStyle?> time = command.Declare(new Option<TimeStyle?>("--time")
    {
        Description = "local (by TZ; default on a terminal), utc or ago",
        HelpName = "local|utc|ago",
        CustomParser = given => Enum.TryParse<TimeStyle>(given.Tokens[0].Value, ignoreCase: true, out var style)
            && !char.IsAsciiDigit(given.Tokens[0].Value[0]) ? style : Refuse(given),
    });

    public Surroundings Of(Surroundings surroundings, ParseResult parsed) =>
        surroundings.For(parsed.GetValue(time), parsed.GetValue(wide));

    private static TimeStyle? Refuse(ArgumentResult given)
    {
        given.AddError($"--time \"{given.Tokens[0].Value}\" is not accepted; accepted is local, utc or ago.");
        return null;
    }
}
