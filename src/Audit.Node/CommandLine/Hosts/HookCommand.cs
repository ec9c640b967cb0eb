namespace Audit.Node.CommandLine.Hosts;

/// <summary>`audit hook HOST [EVENT]`: the command that a host's configuration of hooks names.</summary>
internal static class HookCommand
{
    /// <summary>By this, and by no other code but 0, a hook says that the host must not go on.</summary>
    private const int Blocks = ExitCode.WrongUse;

    private const string Deny = "deny", Allow = "allow";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public static Command Make(Surroundings surroundings)
    {
        var command = new Command("hook", "Answers a hook of an agent's host: asks whether a tool may run, and records.");
        command.Subcommands.Add(MakeHost(surroundings, new ClaudeCodeHook(), "Claude Code", isNamed: false));
        command.Subcommands.Add(MakeHost(surroundings, new CopilotHook(), "Copilot's command line", isNamed: true));
        return command;
    }

    private static Command MakeHost(Surroundings surroundings, IHookHost host, string title, bool isNamed)
    {
        var command = new Command(host.Name, $"Reads the payload of a hook of {title} and answers as it expects.");
        var happened = isNamed
            ? command.AddOptionalName("event", "which hook it is, as its configuration calls it, such as preToolUse")
            : null;
        var task = command.AddText("--task", "ID", "the task of the calls");
        var agent = command.AddText("--agent", "ID", "the agent that makes them");
        var wait = command.AddText(
            "--wait", "TIME", "how long a call waits for a person, default 580s; less than the host waits for the hook");
        var whenDown = command.AddText(
            "--when-down", "deny|allow",
            "what holds where no node answers: nothing runs, or what the host does by itself; default deny");
        var print = command.AddFlag("--print-config", "prints the configuration to paste, with the options given here");
        var state = command.AddText(
            "--state", "DIR", "where the calls lie that have begun, for a host that does not name them");
        var place = new PlaceSymbols(surroundings, command, GivenOptions.Data);
        command.SetAction(async (parsed, cancellation) =>
        {
            var options = new HookOptions(
                HostOptions.Id(parsed, task), HostOptions.Id(parsed, agent),
                HostOptions.Time(parsed, wait, TimeSpan.FromSeconds(580)), parsed.GetValue(state) ?? HookCalls.Place);
            var isDenied = (parsed.GetValue(whenDown) ?? Deny) switch
            {
                Deny => true,
                Allow => false,
                var other => throw CommandException.WrongUse(
                    $"--when-down \"{other}\" is not accepted; accepted is {Deny} or {Allow}."),
            };
            if (parsed.GetValue(print))
            {
                surroundings.Out.WriteLine(host.Configuration(CommandOf(parsed, host, print, happened), options.Wait));
                return ExitCode.Fine;
            }

            try
            {
                using var input = new MemoryStream();
                await surroundings.OpenInput().CopyToAsync(input, cancellation);
                var hook = host.Read(
                    StrictObject.Parse(input.ToArray()), happened is null ? null : parsed.GetValue(happened));
                using var node = await place.Read(parsed).TryFindNodeAsync(cancellation);
                return await AnswerAsync(surroundings, host, hook, options, node, isDenied, cancellation);
            }
            catch (Exception failure)
            {
                // Any other code than this one lets the host go on.
                surroundings.Error.WriteLine(PrintableText.Of($"audit hook: {failure.Message}"));
                return Blocks;
            }
        });
        return command;
    }

    private static async Task<int> AnswerAsync(
        Surroundings surroundings, IHookHost host, Hook hook, HookOptions options, NodeClient? node, bool isDenied,
        CancellationToken cancellation)
    {
        if (hook.Asks is not { } asked)
        {
            return await RecordAsync(surroundings, host, hook, options, node, isDenied, cancellation);
        }

        var call = host.CallOf(hook, options);
        var answer = node is null
            ? new HostAnswer(false, "no node runs") { IsAnswered = false, IsAway = true }
            : await new HostDesk(node, hook.NamesOf(options)).DecideAsync(
                call, asked, options.Wait, cancellation);
        var isLeft = answer.IsAway && !isDenied;
        if (isLeft)
        {
            surroundings.Error.WriteLine(PrintableText.Of(
                $"audit hook: nothing was decided or written down: {answer.Sentence}"));
        }
        else if (!answer.IsNoOpinion)
        {
            var sentence = answer.Runs ? "approved, and written down"
                : answer.IsAnswered ? answer.Sentence
                : $"it could not be decided and written down: {answer.Sentence}";
            surroundings.Out.WriteLine(host.Decision(answer.Runs, sentence));
        }

        if (!answer.Runs && !isLeft)
        {
            host.Forget(hook, options);
        }

        return ExitCode.Fine;
    }

    private static async Task<int> RecordAsync(
        Surroundings surroundings, IHookHost host, Hook hook, HookOptions options, NodeClient? node, bool isDenied,
        CancellationToken cancellation)
    {
        if (host.RecordOf(hook, options) is not var (path, body))
        {
            return ExitCode.Fine;
        }

        string why;
        try
        {
            if (node is not null)
            {
                await new HostDesk(node, hook.NamesOf(options)).KeepAsync(path, body, Patience, cancellation);
                return ExitCode.Fine;
            }

            why = "no node runs";
        }
        catch (NodeException failure)
        {
            why = failure.Message;
        }

        surroundings.Error.WriteLine(PrintableText.Of($"audit hook: {hook.Event} is not in the book: {why}"));
        return isDenied ? Blocks : ExitCode.Fine;
    }

    /// <summary>The command line as it was given, without what prints it, for a shell.</summary>
    private static Func<string, string> CommandOf(
        ParseResult parsed, IHookHost host, Option<bool> print, Argument<string?>? happened)
    {
        var given = parsed.Tokens.Select(token => token.Value).Where(token => token != print.Name)
            .SkipWhile(token => token != host.Name).Skip(1)
            .Where(token => happened is null || token != parsed.GetValue(happened));
        var rest = string.Concat(given.Select(token => " " + Quoted(token)));
        return name => $"audit hook {host.Name}{(happened is null ? "" : " " + name)}{rest}";
    }

    private static string Quoted(string text) =>
        text.All(letter => char.IsAsciiLetterOrDigit(letter) || "-_./:=@%+,".Contains(letter))
            ? text
            : $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}

/// <param name="Wait">For a person.</param>
/// <param name="State">Where the calls lie that have begun.</param>
internal sealed record HookOptions(string? Task, string? Agent, TimeSpan Wait, string State);

/// <summary>What a host said by a hook.</summary>
/// <param name="Event">Which hook it is, in the words of Claude Code.</param>
internal sealed record Hook(string Event, string Session, StrictObject Payload)
{
    /// <summary>The tool that is about to run or that ran.</summary>
    public string? Tool { get; init; }

    public JsonElement? Input { get; init; }

    /// <summary>Writes what is asked; null for a hook that only tells.</summary>
    public Action<Utf8JsonWriter>? Asks { get; init; }

    public HostNames NamesOf(HookOptions options) => new(Session, options.Task, options.Agent);

    /// <summary>A question about the tool; a kind that the host's own tools have may only tighten.</summary>
    public Hook Asking(string kind, string? location) => this with
    {
        Asks = json =>
        {
            json.WriteString("tool_name"u8, Tool);
            if (Input is { } input)
            {
                json.WritePropertyName("requested_input"u8);
                input.WriteTo(json);
            }

            json.WriteStartObject("permission"u8);
            json.WriteString("kind"u8, kind);
            json.WriteString("toolName"u8, Tool);
            json.WriteEndObject();
            if (location is { Length: > 0 })
            {
                json.WriteString("location"u8, location);
            }
        },
    };
}

/// <summary>How one host says and hears it.</summary>
internal interface IHookHost
{
    string Name { get; }

    /// <param name="happened">Which hook the configuration says it is; null where it does not.</param>
    /// <exception cref="UnreadableException">It is no payload of a hook.</exception>
    Hook Read(StrictObject payload, string? happened);

    /// <summary>The id of the call that is about to run.</summary>
    string CallOf(Hook hook, HookOptions options);

    /// <summary>The call does not run.</summary>
    void Forget(Hook hook, HookOptions options);

    /// <returns>Where a hook that only tells is posted, and as what; null for one that tells nothing.</returns>
    (string Path, byte[] Body)? RecordOf(Hook hook, HookOptions options);

    string Decision(bool runs, string sentence);

    /// <summary>What stands in the host's settings.</summary>
    /// <param name="command">Of a hook, by its name.</param>
    string Configuration(Func<string, string> command, TimeSpan wait);
}
