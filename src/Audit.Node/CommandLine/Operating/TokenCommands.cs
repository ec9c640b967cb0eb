using Audit.Node.Hosting;

namespace Audit.Node.CommandLine.Operating;

/// <summary>`audit token` and `audit source`.</summary>
internal static class TokenCommands
{
    private static readonly Column<TokenAnswer>[] Shown =
    [
        new("name", token => token.Name, IsWhole: true), new("person", token => token.Person, IsWhole: true, Rank: 1),
        new("roles", token => string.Join(',', token.Roles)),
        new("source", token => token.Source, IsWhole: true, Rank: 2),
        new("agents", token => string.Join(',', token.Agents), IsWhole: true, Rank: 3),
        new("tasks", token => string.Join(',', token.Tasks), IsWhole: true, Rank: 3),
        new("sees", token => string.Join(',', token.Sources), IsWhole: true, Rank: 3),
        new("created", token => token.CreatedAt, Rank: 7),
        new("by", token => token.CreatedBy, IsWhole: true, Rank: 6),
        new("expires", token => token.ExpiresAt, Rank: 5), new("used", token => token.LastUsedAt, Rank: 4),
        new("revoked", token => token.RevokedAt), new("proven", token => token.Proven, Rank: 8),
    ];

    private static readonly Column<SourceAnswer>[] ShownSources =
    [
        new("n", source => source.Number), new("name", source => source.Name, IsWhole: true),
        new("created", source => source.CreatedAt), new("by", source => source.CreatedBy, IsWhole: true),
        new("linked", source => string.Join(',', source.Linked), IsWhole: true),
        new("proven", source => source.Proven),
    ];

    public static Command Make(Surroundings surroundings) => new("token", "Makes, lists and revokes tokens.")
    {
        MakeCreate(surroundings),
        MakeFirst(surroundings),
        MakeList(surroundings),
        MakeRevoke(surroundings),
    };

    public static Command MakeSource(Surroundings surroundings)
    {
        var command = new Command("list", "Lists the sources, each with the number that events carry.");
        var output = command.AddOutput();
        return new("source", "Shows who reports, and who reports for one host.")
        {
            AtDesk(surroundings, command, makesStore: false, async (parsed, open, cancellation) =>
            {
                await using var desk = await open();
                await new Output(surroundings, parsed.GetValue(output))
                    .PrintListAsync(desk.ListSourcesAsync(cancellation), ShownSources, "sources");
            }),
            MakeLink(surroundings),
        };
    }

    private static Command MakeLink(Surroundings surroundings)
    {
        var command = new Command(
            "link", "Notes that two sources are of one host: what they report of one session is shown side by side.");
        var one = command.AddName("SOURCE", "a source that is there");
        var other = command.AddName("OTHER", "another one");
        return AtDesk(surroundings, command, makesStore: false, async (parsed, open, cancellation) =>
        {
            var (first, second) = (
                RequireId(parsed.GetRequiredValue(one), "SOURCE"), RequireId(parsed.GetRequiredValue(other), "OTHER"));
            await using var desk = await open();
            var isNew = await desk.LinkAsync(first, second, cancellation);
            surroundings.Error.WriteLine(
                $"The sources {PrintableText.Of(first)} and {PrintableText.Of(second)} "
                + (isNew ? "are linked." : "were linked before."));
        });
    }

    private static Command MakeCreate(Surroundings surroundings)
    {
        var command = new Command("create", "Makes a token and prints it, once.");
        var name = command.AddName("NAME", "what the token is called; it is written into every event it causes");
        var roles = AddTexts(command, "--role", "ROLE", $"{RoleNames.Accepted}; may be given several times");
        roles.Required = true;
        var person = command.AddText(
            "--person", "PERSON",
            "whom it stands for, or whose agent reports by it; none for a service; default: NAME");
        var sources = AddTexts(
            command, "--source", "SOURCE",
            "with the role ingest: as what it reports, new or there already, and all that it sees; "
            + "else: the only sources it sees");
        var agents = AddTexts(command, "--agent", "ID", "the only agents it may speak of");
        var tasks = AddTexts(command, "--task", "ID", "the only tasks it may speak of");
        var expires = command.AddText("--expires", "LENGTH", "such as 30d; default: good until it is revoked");
        return AtDesk(surroundings, command, makesStore: true, async (parsed, open, cancellation) =>
        {
            var called = RequireId(parsed.GetRequiredValue(name), "NAME");
            var named = RequireIds(parsed, sources);
            var given = RoleNames.Of(parsed.GetRequiredValue(roles));
            var reports = (given & Roles.Ingest) != 0;
            if (reports && named.Length > 1)
            {
                throw CommandException.WrongUse(
                    "--source is given several times; accepted is one with the role ingest, for a token "
                    + "reports as one.");
            }

            var wanted = Checked(new NewToken(
                called, [.. parsed.GetRequiredValue(roles).Distinct()],
                parsed.GetValue(person) is { } stands ? RequireId(stands, "--person") : called,
                reports ? named.FirstOrDefault() : null,
                new TokenBounds(
                    RequireIds(parsed, agents), RequireIds(parsed, tasks),
                    reports && (given & ~Roles.Ingest) == 0 ? [] : named),
                RequireLength(parsed, expires)));
            await using var desk = await open();
            // The token is all that goes to the standard output.
            surroundings.Out.WriteLine(await desk.CreateAsync(wanted, cancellation));
            surroundings.Error.WriteLine(
                $"This is the token of {PrintableText.Of(wanted.Name)} with {string.Join(", ", wanted.Roles)}; "
                + "it is not shown again.");
        });
    }

    /// <summary>
    /// The three that a book begins with, so that nobody works with the administrator's: one for what reports, one to
    /// look, and one to decide.
    /// </summary>
    private static Command MakeFirst(Surroundings surroundings)
    {
        var command = new Command(
            "first",
            "Makes three tokens to begin with, for a host, a reader and an approver, each in a file of its own.");
        var source = command.AddText("--source", "SOURCE", "as what the host reports; default: host");
        var place = new PlaceSymbols(surroundings, command, GivenOptions.Store, GivenOptions.Data);
        command.SetAction(async (parsed, cancellation) =>
        {
            var book = place.Read(parsed);
            await using var desk = await OpenAsync(surroundings, book, makesStore: true, cancellation);
            foreach (var wanted in FirstTokens.Of(RequireId(parsed.GetValue(source) ?? FirstTokens.Host, "--source")))
            {
                var file = await FirstTokens.MakeAsync(desk, wanted, book.Options.Data, cancellation);
                surroundings.Out.WriteLine($"{wanted.Name}\t{string.Join(',', wanted.Roles)}\t{file}");
            }
        });
        return command;
    }

    private static Command MakeList(Surroundings surroundings)
    {
        var command = new Command("list", "Lists the tokens, revoked ones too.");
        var output = command.AddOutput();
        return AtDesk(surroundings, command, makesStore: false, async (parsed, open, cancellation) =>
        {
            await using var desk = await open();
            await new Output(surroundings, parsed.GetValue(output))
                .PrintListAsync(desk.ListAsync(cancellation), Shown, "tokens");
        });
    }

    private static Command MakeRevoke(Surroundings surroundings)
    {
        var command = new Command("revoke", "Revokes a token, and ends its browser sessions, streams and tails.");
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
        var place = new PlaceSymbols(surroundings, command, GivenOptions.Store, GivenOptions.Data, GivenOptions.RowKey);
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


    private static Option<string[]> AddTexts(Command command, string name, string value, string description) =>
        command.Declare(new Option<string[]>(name) { HelpName = value, Description = description });

    private static NewToken Checked(NewToken wanted) => wanted.Refuse() is var (member, sentence)
        ? throw CommandException.WrongUse($"--{member.TrimEnd('s')}: {sentence}.")
        : wanted;

    private static TimeSpan? RequireLength(ParseResult parsed, Option<string> option) =>
        parsed.GetValue(option) is not { } text ? null
        : DurationText.TryParse(text, out var length) ? length
        : throw CommandException.WrongUse(
            $"{option.Name} \"{text}\" is not accepted; accepted is {DurationText.Accepted}.");

    private static string[] RequireIds(ParseResult parsed, Option<string[]> option) =>
        [.. (parsed.GetValue(option) ?? []).Select(id => RequireId(id, option.Name)).Distinct()];

    private static string RequireId(string id, string where) => Ids.Refuse(id, Ids.MaxBytes) is { } refusal
        ? throw CommandException.WrongUse($"{where} \"{id}\" is not accepted: {refusal}.")
        : id;
}

/// <summary>The tokens of a host, a reader and an approver.</summary>
internal static class FirstTokens
{
    public const string Host = "host";
    public const string Reader = "reader";
    public const string Approver = "approver";

    public static IReadOnlyList<NewToken> Of(string source) =>
    [
        new(Host, ["ingest"], Bearer.NoPerson, source, TokenBounds.None, Lasts: null),
        new(Reader, ["read"], Reader, Source: null, TokenBounds.None, Lasts: null),
        new(Approver, ["read", "approve"], Approver, Source: null, TokenBounds.None, Lasts: null),
    ];

    /// <returns>The file in which it is.</returns>
    public static async Task<string> MakeAsync(
        ITokenDesk desk, NewToken wanted, string data, CancellationToken cancellation)
    {
        var file = Path.Combine(data, wanted.Name + ".token");
        if (File.Exists(file))
        {
            throw CommandException.Failed($"The file {file} is there already; a token is never written over.");
        }

        DataDirectory.WriteSecret(file, await desk.CreateAsync(wanted, cancellation) + "\n");
        return file;
    }
}
