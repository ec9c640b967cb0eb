namespace Audit.Node.CommandLine;

/// <summary>
/// What explains the verbs: `audit help X`, `audit man`, `audit completion SHELL`, and what the shells ask for while
/// somebody types.
/// </summary>
internal static class HelpCommands
{
    public const string Help = "help", Complete = "complete";

    private static readonly (string Name, string Script)[] Shells =
    [
        ("bash", """
            # Put this into ~/.bashrc:  source <(audit completion bash)
            _audit() {
              local line="${COMP_LINE:0:COMP_POINT}" words word
              read -ra words <<< "$line"
              [[ $line == *[[:space:]] ]] && words+=("")
              mapfile -t COMPREPLY < <("${words[0]}" complete -- "${words[@]:1}" 2>/dev/null)
              # bash takes the part behind a colon for a word of its own.
              word="${words[-1]}"
              if [[ $word == *:* && $COMP_WORDBREAKS == *:* ]]; then
                COMPREPLY=("${COMPREPLY[@]#"${word%"${word##*:}"}"}")
              fi
              [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *: ]] && compopt -o nospace
              return 0
            }
            complete -o bashdefault -o default -F _audit audit
            """),
        ("zsh", """
            #compdef audit
            # Put this into ~/.zshrc, behind compinit:  source <(audit completion zsh)
            _audit() {
              local -a found
              found=("${(@f)$("${words[1]}" complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
              if [[ -n "$found" ]]; then compadd -- "${found[@]}"; else _files; fi
            }
            compdef _audit audit
            """),
        ("fish", """
            # Save this as ~/.config/fish/completions/audit.fish:  audit completion fish
            function __audit_complete
                set -l typed (commandline -opc) (commandline -ct)
                $typed[1] complete -- $typed[2..-1] 2>/dev/null
            end
            complete -c audit -a '(__audit_complete)'
            """),
        ("powershell", """
            # Put this into $PROFILE:  audit completion powershell | Out-String | Invoke-Expression
            Register-ArgumentCompleter -Native -CommandName audit -ScriptBlock {
                param($word, $ast, $place)
                $typed = @($ast.CommandElements | Select-Object -Skip 1 | ForEach-Object { "$_" })
                if ($word -eq '') { $typed += '' }
                & "$($ast.CommandElements[0])" complete '--' @typed 2>$null | ForEach-Object {
                    [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
                }
            }
            """),
    ];

    public static Command MakeHelp()
    {
        var command = new Command(Help, "Explains a verb: audit help show is audit show --help.");
        command.Declare(new Argument<string[]>("VERB") { Description = "the verb", Arity = ArgumentArity.ZeroOrMore });
        // Never invoked: before anything is read it is written as --help behind the verb.
        return command;
    }

    public static Command MakeMan(Surroundings surroundings, Func<RootCommand> root)
    {
        var command = new Command("man", "Prints the manual page: audit man > audit.1, man -l audit.1.");
        command.SetAction(_ => surroundings.Out.Write(ManPage.Of(root())));
        return command;
    }

    public static Command MakeCompletion(Surroundings surroundings)
    {
        var names = string.Join('|', Shells.Select(shell => shell.Name));
        var command = new Command("completion", $"Prints what completes the verbs in a shell: {names}.");
        var name = command.Declare(new Argument<string>("SHELL") { HelpName = names, Description = "the shell" });
        command.SetAction(parsed =>
        {
            var wanted = parsed.GetValue(name)!;
            var script = Array.Find(Shells, shell => shell.Name == wanted).Script ?? throw CommandException.WrongUse(
                $"There is no completion for the shell \"{wanted}\"; accepted is one of {names.Replace("|", ", ")}.");
            surroundings.Out.WriteLine(script.ReplaceLineEndings("\n"));
        });
        return command;
    }

    /// <summary>What the scripts of the shells ask; it is for nobody to type.</summary>
    public static Command MakeComplete(Surroundings surroundings, Func<RootCommand> root)
    {
        var command = new Command(Complete, "Prints what the last word may become.") { Hidden = true };
        var typed = command.Declare(
            new Argument<string[]>("WORDS") { Description = "what is typed", Arity = ArgumentArity.ZeroOrMore });
        command.SetAction(parsed =>
        {
            foreach (var word in Candidates(root(), parsed.GetValue(typed) is { Length: > 0 } words ? words : [""]))
            {
                surroundings.Out.WriteLine(word);
            }
        });
        return command;
    }

    /// <summary>With "help" in front, the same as with --help behind; of what is no verb there is none.</summary>
    public static string[] Turn(string[] args, RootCommand root) => args is [Help, .. var verb]
        ? root.Parse(verb).UnmatchedTokens.Count == 0 ? [.. verb, "--help"] : verb
        : args;

    /// <summary>What may be meant where a verb or an option is misspelt; null where nothing is near.</summary>
    public static string? Meant(ParseResult parsed)
    {
        var (command, path) = (parsed.CommandResult.Command, AuditCommandLine.PathOf(parsed.CommandResult));
        foreach (var token in parsed.UnmatchedTokens.Concat(parsed.Tokens.Select(one => one.Value)))
        {
            var known = token.StartsWith('-')
                ? command.Options.Where(option => !option.Hidden).Select(option => option.Name)
                : command.Subcommands.Where(one => !one.Hidden).Select(one => one.Name);
            if (!known.Contains(token) && Spelling.Nearest(token, known) is { } nearest)
            {
                return $"Did you mean `{path} {nearest}`?";
            }
        }

        return null;
    }

    private static IEnumerable<string> Candidates(RootCommand root, string[] typed)
    {
        Command command = root;
        Option? open = null;
        foreach (var word in typed[..^1].Where(word => word != Help))
        {
            open = word.StartsWith('-')
                ? command.Options.FirstOrDefault(option => option.Name == word || option.Aliases.Contains(word))
                : null;
            open = open?.Arity.MaximumNumberOfValues > 0 && open.ValueType != typeof(bool) ? open : null;
            command = command.Subcommands.FirstOrDefault(one => one.Name == word) ?? command;
        }

        var last = typed[^1];
        var found = open is not null ? Choices(open.HelpName)
            : AsksQuery(command) && last.Contains(':') ? Terms(last)
            : last.StartsWith('-') ? command.Options.Where(option => !option.Hidden).Select(option => option.Name)
            : command.Subcommands.Any() ? command.Subcommands.Where(one => !one.Hidden).Select(one => one.Name)
            : AsksQuery(command) ? Terms(last)
            : command.Arguments.SelectMany(argument => Choices(argument.HelpName));
        return found.Where(word => word.StartsWith(last, StringComparison.Ordinal)).Order(StringComparer.Ordinal);
    }

    private static bool AsksQuery(Command command) => command.Arguments.Any(argument => argument.Name == "QUERY");

    /// <summary>What is to be written as it stands, where a name says so: "table|json|ndjson".</summary>
    private static string[] Choices(string? name) =>
        name?.Contains('|') == true && name.All(unit => unit is '|' || char.IsAsciiLetterLower(unit))
            ? name.Split('|')
            : [];

    /// <summary>The keys of the query language, and behind a colon what a key accepts.</summary>
    private static IEnumerable<string> Terms(string word)
    {
        var minus = word.StartsWith('-') ? "-" : "";
        return SearchKeys.All.Where(key => key.Key != SearchKey.Input).SelectMany(key => word.Contains(':')
            ? key.Values.Select(value => $"{minus}{key.Name}:{value}")
            : [$"{minus}{key.Name}:"]);
    }
}

/// <summary>The manual page, made of what the verbs say of themselves.</summary>
internal static class ManPage
{
    public static string Of(RootCommand root)
    {
        var page = new StringBuilder();
        page.Append(".TH AUDIT 1\n.SH NAME\naudit \\- keeps the book of every tool call of every AI agent\n");
        page.Append(".SH SYNOPSIS\n.B audit\n.I verb\n[arguments] [options]\n.SH DESCRIPTION\n");
        page.Append(CultureInfo.InvariantCulture, $"{Text(root.Description)}\n.SH VERBS\n");
        foreach (var command in root.Subcommands.Where(one => !one.Hidden))
        {
            Add(page, command, "");
        }

        page.Append(".SH ENVIRONMENT\n");
        foreach (var (name, says) in Variables)
        {
            page.Append(CultureInfo.InvariantCulture, $".TP\n.B {Text(name)}\n{Text(says)}\n");
        }

        page.Append(".SH EXIT STATUS\n0 fine; 1 failed; 2 wrong use; 3 the node cannot be reached; 4 a verification ");
        return page.Append("failed; 5 nothing contradicts itself, but no key was given to verify by.\n").ToString();
    }

    private static readonly (string Name, string Says)[] Variables =
    [
        ("AUDIT_SERVER", "the node to speak to"), ("AUDIT_TOKEN", "the token"),
        ("AUDIT__…", "a setting of the node, such as AUDIT__STORE"),
        ("TZ", "in which zone times are shown on a terminal"), ("COLUMNS", "how wide the terminal is"),
        ("NO_COLOR", "shows no colours"),
    ];

    private static void Add(StringBuilder page, Command command, string before)
    {
        var arguments = string.Concat(command.Arguments.Select(argument => $" {argument.HelpName ?? argument.Name}"));
        page.Append(CultureInfo.InvariantCulture, $".SS {Text(before + command.Name + arguments)}\n");
        page.Append(CultureInfo.InvariantCulture, $"{Text(command.Description)}\n");
        foreach (var option in command.Options.Where(option => !option.Hidden && option.Description is not null))
        {
            var names = string.Join(", ", option.Aliases.Append(option.Name).Order(StringComparer.Ordinal));
            page.Append(CultureInfo.InvariantCulture, $".TP\n.B {Text($"{names} {option.HelpName}".TrimEnd())}\n");
            page.Append(CultureInfo.InvariantCulture, $"{Text(option.Description)}\n");
        }

        foreach (var inner in command.Subcommands.Where(one => !one.Hidden))
        {
            Add(page, inner, $"{before}{command.Name} ");
        }
    }

    /// <summary>Nothing in a text means anything to the formatter.</summary>
    private static string Text(string? text)
    {
        var plain = (text ?? "").ReplaceLineEndings(" ").Replace("\\", "\\e").Replace("-", "\\-").Replace("…", "...");
        return plain.StartsWith('.') || plain.StartsWith('\'') ? $"\\&{plain}" : plain;
    }
}
