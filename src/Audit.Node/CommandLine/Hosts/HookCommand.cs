namespace Audit.Node.CommandLine.Hosts;

/// <summary>`audit hook HOST [EVENT]`: the command that a host's configuration of hooks names.</summary>
internal static class HookCommand
{
    /// <summary>
    /// By this a hook says that the host must not go on, and of a tool that ran the agent is shown why; any other code
    /// but 0 is a hook that failed, which a person is shown.
    /// </summary>
    private const int Blocks = ExitCode.WrongUse;

    /// <summary>Seconds that a hook may take which waits for nobody.</summary>
    private const int Brief = 20;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public static Command Make(Surroundings surroundings)
    {
        var command = new Command(
            "hook", "Answers a hook of an agent's host: asks whether a tool may run, and records.");
        command.Subcommands.Add(MakeHost(surroundings, new ClaudeCodeHost()));
        command.Subcommands.Add(MakeHost(surroundings, new CopilotHost()));
        return command;
    }

    private static Command MakeHost(Surroundings surroundings, IHookHost host)
    {
        var command = new Command(host.Name, $"Reads the payload of a hook of {host.Title} and answers as it expects.");
        var happened = host.NeedsEvent
            ? command.AddOptionalName("event", "which hook it is, as its configuration calls it, such as preToolUse")
            : null;
        var task = command.AddText("--task", "ID", "the task of the calls");
        var agent = command.AddText("--agent", "ID", "the agent that makes them");
        var wait = command.AddText(
            "--wait", "TIME", "how long a call waits for a person, default 580s; less than the host waits for a hook");
        var whenDown = command.AddText(
            "--when-down", "deny|allow",
            "what holds where no node answers: nothing runs, or what the host does by itself, which is kept in --state "
            + "and sent by the next hook that finds a node; default deny");
        var print = command.AddFlag("--print-config", "prints the configuration to paste, with the options given here");
        var state = command.AddText(
            "--state", "DIR",
            "where the calls lie that have begun, for a host that does not name them, and what waits to be sent; one "
            + "for each node and token");
        var place = new PlaceSymbols(surroundings, command, GivenOptions.Data);
        command.SetAction(async (parsed, cancellation) =>
        {
            var options = new HookOptions(
                HostOptions.Id(parsed, task), HostOptions.Id(parsed, agent),
                HostOptions.Time(parsed, wait, TimeSpan.FromSeconds(580)), parsed.GetValue(state) ?? HookCalls.Place,
                IsDenied(parsed.GetValue(whenDown)));
            if (parsed.GetValue(print))
            {
                surroundings.Out.WriteLine(host.Configuration(
                    CommandOf(parsed, host, print, happened), (int)options.Wait.TotalSeconds + Brief, Brief));
                return ExitCode.Fine;
            }

            try
            {
                using var input = new MemoryStream();
                await surroundings.OpenInput().CopyToAsync(input, cancellation);
                var hook = host.Read(input.ToArray(), happened is null ? null : parsed.GetValue(happened));
                using var node = await place.Read(parsed).TryFindNodeAsync(cancellation);
                await (node is null ? Task.CompletedTask
                    : new HookUnsent(options.State).SendAsync(node, Note, cancellation));
                return await (hook.IsAsking
                    ? AskAsync(surroundings, host, hook, options, node, cancellation)
                    : RecordAsync(surroundings, hook, options, node, input.ToArray(), cancellation));
            }
            catch (Exception failure)
            {
                // Any other code than this one lets the host go on.
                surroundings.Error.WriteLine(PrintableText.Of($"audit hook: {failure.Message}"));
                return Blocks;
            }
        });
        return command;

        void Note(string sentence) => surroundings.Error.WriteLine(PrintableText.Of($"audit hook: {sentence}"));
    }

    private static async Task<int> AskAsync(
        Surroundings surroundings, IHookHost host, Hook hook, HookOptions options, NodeClient? node,
        CancellationToken cancellation)
    {
        var calls = new HookCalls(options.State, hook.Session);
        var call = hook.Call ?? calls.Begin(hook);
        var names = new HostNames(hook.Session, options.Task, options.Agent);
        var answer = node is null
            ? new HostAnswer(false, "no node runs") { IsAnswered = false, IsAway = true }
            : await new HostDesk(node, names).DecideAsync(
                call, json => WriteQuestion(json, hook), options.Wait, cancellation);
        var isLeft = answer.IsAway && !options.IsDenied;
        if (isLeft)
        {
            // Who cannot even keep it does not run it: the caller says so, and blocks.
            new HookUnsent(options.State).Keep("v1/records", LeftOf(hook, names, call, answer.Sentence));
            surroundings.Error.WriteLine(PrintableText.Of(
                $"audit hook: nothing was decided, and it is written down when a node is found: {answer.Sentence}"));
        }
        else if (!answer.IsNoOpinion)
        {
            var sentence = answer.Runs ? "approved, and written down"
                : answer.IsAnswered ? answer.Sentence
                : $"it could not be decided and written down: {answer.Sentence}";
            surroundings.Out.WriteLine(host.Decision(answer.Runs, sentence));
        }

        if (hook.Call is null && !answer.Runs && !isLeft)
        {
            calls.End(hook);
        }

        return ExitCode.Fine;
    }

    /// <summary>What is told later of a call that nobody decided on: that it was asked for, and why.</summary>
    private static byte[] LeftOf(Hook hook, HostNames names, string call, string why)
    {
        var requested = HostJson.Record(names, new ToolAuditRecord
        {
            ToolCallId = call, ToolName = hook.Tool!, RequestedInput = hook.Input, Outcome = new Outcome.Requested(),
            RecordedAt = HostJson.Now,
        });
        var note = HostJson.Note(names, "left_to_host", json =>
        {
            json.WriteString("tool_call_id"u8, call);
            json.WriteString("tool_name"u8, hook.Tool);
            json.WriteString("when_down"u8, "allow"u8);
            json.WriteString("why"u8, why);
        });
        return [(byte)'[', .. requested, (byte)',', .. note, (byte)']'];
    }

    private static void WriteQuestion(Utf8JsonWriter json, Hook hook)
    {
        json.WriteString("tool_name"u8, hook.Tool);
        if (hook.Input is { } input)
        {
            json.WritePropertyName("requested_input"u8);
            input.WriteTo(json);
        }

        json.WriteStartObject("permission"u8);
        json.WriteString("kind"u8, hook.Kind);
        json.WriteString("toolName"u8, hook.Tool);
        json.WriteEndObject();
        if (hook.Location is { } location)
        {
            json.WriteString("location"u8, location);
        }
    }

    private static async Task<int> RecordAsync(
        Surroundings surroundings, Hook hook, HookOptions options, NodeClient? node, byte[] payload,
        CancellationToken cancellation)
    {
        var (path, body) = hook.Format is { } format
            ? (NodeClient.PathOf($"v1/ingest/{format}", ("task", options.Task), ("agent", options.Agent)), payload)
            : ("v1/records", ItemOf(hook, options));
        string why;
        var isAway = true;
        try
        {
            if (node is not null)
            {
                await HostDesk.KeepAsync(node, path, body, Patience, cancellation);
                return ExitCode.Fine;
            }

            why = "no node runs";
        }
        catch (NodeException failure)
        {
            why = failure.Message;
            isAway = failure.Trouble is NodeTrouble.Unreachable or NodeTrouble.Unreadable || failure.IsForNow;
        }

        if (isAway && !options.IsDenied)
        {
            new HookUnsent(options.State).Keep(path, body);
            surroundings.Error.WriteLine(PrintableText.Of(
                $"audit hook: {hook.Event} is written down when a node is found: {why}"));
            return ExitCode.Fine;
        }

        surroundings.Error.WriteLine(PrintableText.Of($"audit hook: {hook.Event} is not in the book: {why}"));
        return !options.IsDenied ? ExitCode.Fine : hook.TellsOfTool ? Blocks : ExitCode.Failed;
    }

    private static byte[] ItemOf(Hook hook, HookOptions options)
    {
        var names = new HostNames(hook.Session, options.Task, options.Agent);
        var calls = new HookCalls(options.State, hook.Session);
        if (hook.EndsSession)
        {
            calls.Clear();
        }

        var item = hook.Note is var (type, detail)
            ? HostJson.Note(names, type, json => WriteMembers(json, detail))
            : HostJson.Record(names, new ToolAuditRecord
            {
                // What was not asked is told all the same.
                ToolCallId = calls.End(hook) ?? HookCalls.NewId(), ToolName = hook.Tool!, EffectiveInput = hook.Input,
                Outcome = new Outcome.Completed(hook.Result!), RecordedAt = HostJson.Now,
            });
        return [(byte)'[', .. item, (byte)']'];
    }

    private static void WriteMembers(Utf8JsonWriter json, JsonElement? members)
    {
        foreach (var member in members?.EnumerateObject() ?? default)
        {
            member.WriteTo(json);
        }
    }

    private static bool IsDenied(string? whenDown) => whenDown switch
    {
        null or "deny" => true,
        "allow" => false,
        _ => throw CommandException.WrongUse(
            $"--when-down \"{whenDown}\" is not accepted; accepted is deny or allow."),
    };

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
/// <param name="IsDenied">Where no node answers, nothing runs.</param>
internal sealed record HookOptions(string? Task, string? Agent, TimeSpan Wait, string State, bool IsDenied);
