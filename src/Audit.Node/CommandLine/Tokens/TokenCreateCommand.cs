using System.CommandLine;

namespace Audit.Node.CommandLine.Tokens;

/// <summary>`audit token create`: the token is all that goes to standard output.</summary>
internal sealed class TokenCreateCommand
{
    private readonly Surroundings surroundings;
    private readonly TokenDeskSymbols desk;

    private readonly Option<string> name = new("--name")
    {
        HelpName = "NAME",
        Description = "whom the token stands for; it is written into every event it causes",
        Required = true,
    };

    private readonly Option<string[]> roles = new("--role")
    {
        HelpName = "ROLE",
        Description = $"{RoleNames.Accepted}; may be given several times",
        Required = true,
    };

    private readonly Option<string> agent = new("--agent") { HelpName = "ID", Description = "the only agent it may speak of" };
    private readonly Option<string> task = new("--task") { HelpName = "ID", Description = "the only task it may speak of" };

    private TokenCreateCommand(Surroundings surroundings, Command command)
    {
        this.surroundings = surroundings;
        command.Options.Add(name);
        command.Options.Add(roles);
        command.Options.Add(agent);
        command.Options.Add(task);
        desk = new TokenDeskSymbols(surroundings, command);
        command.SetAction(RunAsync);
    }

    public static Command Make(Surroundings surroundings)
    {
        var command = new Command("create", "Makes a token and prints it, once.");
        _ = new TokenCreateCommand(surroundings, command);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var wanted = new NewToken(
            RequireId(name, parsed.GetRequiredValue(name)), RequireRoles(parsed.GetRequiredValue(roles)),
            OptionalId(agent, parsed.GetValue(agent)), OptionalId(task, parsed.GetValue(task)));
        await using var opened = await desk.OpenAsync(parsed, makesStore: true, cancellation);
        surroundings.Out.WriteLine(await opened.CreateAsync(wanted, cancellation));
        surroundings.Error.WriteLine(
            $"This is the token of {PrintableText.Of(wanted.Name)} with {string.Join(", ", wanted.Roles)}; it is not shown again.");
        return ExitCode.Fine;
    }

    private static string[] RequireRoles(string[] given)
    {
        var unknown = Array.Find(given, role => RoleNames.Of(role) == Roles.None);
        return unknown is null
            ? [.. given.Distinct()]
            : throw CommandException.WrongUse($"--role \"{unknown}\" is not accepted; accepted are {RoleNames.Accepted}.");
    }

    private static string? OptionalId(Option option, string? id) => id is null ? null : RequireId(option, id);

    private static string RequireId(Option option, string id) =>
        Ids.Refuse(id, Ids.MaxBytes) is { } refusal
            ? throw CommandException.WrongUse($"{option.Name} \"{id}\" is not accepted: {refusal}.")
            : id;
}
