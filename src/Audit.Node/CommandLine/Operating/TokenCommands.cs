namespace Audit.Node.CommandLine.Operating;

/// <summary>`audit token`.</summary>
internal static class TokenCommands
{
    private static readonly Column<TokenAnswer>[] Shown =
    [
        new("name", token => token.Name, IsWhole: true), new("roles", token => string.Join(',', token.Roles)),
        new("agent", token => token.Agent, IsWhole: true), new("task", token => token.Task, IsWhole: true),
        new("created", token => token.CreatedAt), new("revoked", token => token.RevokedAt),
    ];

    public static Command Make(Surroundings surroundings) => new("token", "Makes, lists and revokes tokens.")
    {
        MakeCreate(surroundings),
        MakeList(surroundings),
        MakeRevoke(surroundings),
    };

    private static Command MakeCreate(Surroundings surroundings)
    {
        var command = new Command("create", "Makes a token and prints it, once.");
        var name = command.AddText(
            "--name", "NAME", "whom the token stands for; it is written into every event it causes", required: true);
        var roles = command.Declare(new Option<string[]>("--role")
        {
            HelpName = "ROLE",
            Description = $"{RoleNames.Accepted}; may be given several times",
            Required = true,
        });
        var agent = command.AddText("--agent", "ID", "the only agent it may speak of");
        var task = command.AddText("--task", "ID", "the only task it may speak of");
        return AtDesk(surroundings, command, makesStore: true, async (parsed, open, cancellation) =>
        {
            var wanted = new NewToken(
                RequireId(parsed, name)!, RequireRoles(parsed.GetRequiredValue(roles)), RequireId(parsed, agent),
                RequireId(parsed, task));
            await using var desk = await open();
            // The token is all that goes to the standard output.
            surroundings.Out.WriteLine(await desk.CreateAsync(wanted, cancellation));
            surroundings.Error.WriteLine(
                $"This is the token of {PrintableText.Of(wanted.Name)} with {string.Join(", ", wanted.Roles)}; "
                + "it is not shown again.");
        });
    }

    private static Command MakeList(Surroundings surroundings)
    {
        var command = new Command("list", "Lists the tokens, revoked ones too.");
        var output = command.AddOutput();
        return AtDesk(surroundings, command, makesStore: false, async (parsed, open, cancellation) =>
        {
            await using var desk = await open();
            await new Output(surroundings, parsed.GetValue(output)).PrintListAsync(desk.ListAsync(cancellation), Shown);
        });
    }

    private static Command MakeRevoke(Surroundings surroundings)
    {
        var command = new Command("revoke", "Revokes a token.");
        var name = command.AddName("NAME", "the name it was made with");
        return AtDesk(surroundings, command, makesStore: false, async (parsed, open, cancellation) =>
        {
            await using var desk = await open();
            await desk.RevokeAsync(parsed.GetRequiredValue(name), cancellation);
            surroundings.Error.WriteLine($"The token {PrintableText.Of(parsed.GetRequiredValue(name))} is revoked.");
        });
    }

    private static Command AtDesk(
        Surroundings surroundings, Command command, bool makesStore,
        Func<ParseResult, Func<Task<ITokenDesk>>, CancellationToken, Task> work)
    {
        var place = new PlaceSymbols(surroundings, command, GivenOptions.Store, GivenOptions.Data);
        command.SetAction((parsed, cancellation) => work(
            parsed, () => OpenAsync(surroundings, place.Read(parsed), makesStore, cancellation), cancellation));
        return command;
    }

    /// <param name="makesStore">A store that is not there is made, and is an error otherwise.</param>
    private static async Task<ITokenDesk> OpenAsync(
        Surroundings surroundings, BookPlace place, bool makesStore, CancellationToken cancellation)
    {
        if (await place.TryFindNodeAsync(cancellation) is { } client)
        {
            return new NodeTokenDesk(client);
        }

        return makesStore || !place.LacksStore
            ? new StoreTokenDesk(
                await OpenedStore.OpenAsync(place.Options, cancellation), place.Options, surroundings.Error)
            : throw place.NothingThere();
    }

    private static string[] RequireRoles(string[] given)
    {
        var unknown = Array.Find(given, role => RoleNames.Of(role) == Roles.None);
        return unknown is null
            ? [.. given.Distinct()]
            : throw CommandException.WrongUse(
                $"--role \"{unknown}\" is not accepted; accepted are {RoleNames.Accepted}.");
    }

    private static string? RequireId(ParseResult parsed, Option<string> option) =>
        parsed.GetValue(option) is { } id && Ids.Refuse(id, Ids.MaxBytes) is { } refusal
            ? throw CommandException.WrongUse($"{option.Name} \"{id}\" is not accepted: {refusal}.")
            : parsed.GetValue(option);
}
