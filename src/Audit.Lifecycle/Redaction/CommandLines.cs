namespace Audit.Lifecycle.Redaction;

/// <summary>Passwords in the command lines of programs that have options of their own for them.</summary>
internal static class CommandLines
{
    private static readonly SearchValues<char> EndsCommand = SearchValues.Create("\r\n;|");
    private static readonly SearchValues<char> EndsWord = SearchValues.Create(" \t\r\n\"'`;|&<>\\");

    private static readonly Program[] Programs =
    [
        new("mysql", ["-p"], TakesNext: false, IsPair: false),
        new("mariadb", ["-p"], TakesNext: false, IsPair: false),
        new("sshpass", ["-p"], TakesNext: true, IsPair: false),
        new("docker login", ["-p"], TakesNext: true, IsPair: false),
        new("podman login", ["-p"], TakesNext: true, IsPair: false),
        new("registry login", ["-p"], TakesNext: true, IsPair: false),
        new("az login", ["-p"], TakesNext: true, IsPair: false),
        new("redis-cli", ["-a"], TakesNext: true, IsPair: false),
        new("mongo", ["-p"], TakesNext: true, IsPair: false),
        new("curl", ["-u", "--user", "-U", "--proxy-user"], TakesNext: true, IsPair: true),
    ];

    public static IEnumerable<Trigger> Triggers { get; } =
        [.. Programs.Select(program => new Trigger(program.Name, (ref scan, at) => Match(ref scan, at, program)))];

    /// <summary>What an argument says of the one behind it, where arguments stand one by one.</summary>
    public static SecretName AfterArgument(ReadOnlySpan<char> program, ReadOnlySpan<char> argument)
    {
        if (argument.Length < 2 || argument[0] != '-')
        {
            return default;
        }

        if (!argument.Contains('=') && SecretName.Find(argument) is { Strength: NameStrength.Strong } named)
        {
            return named;
        }

        var known = Of(program);
        return known is { TakesNext: true, IsPair: false } && known.Has(argument)
            ? new SecretName(NameStrength.Strong, RuleNames.CommandPassword)
            : default;
    }

    /// <summary>The password in an argument that stands alone, such as `-pSecret` and `user:secret`.</summary>
    public static Range InArgument(
        ReadOnlySpan<char> program, ReadOnlySpan<char> before, ReadOnlySpan<char> argument) =>
        Of(program) switch
        {
            { IsPair: true } curl when curl.Has(before) && argument.IndexOf(':') is >= 0 and var colon =>
                (colon + 1)..argument.Length,
            { TakesNext: false } when argument.Length > 2 && argument.StartsWith("-p") => 2..argument.Length,
            _ => default,
        };

    private static Program? Of(ReadOnlySpan<char> path)
    {
        var name = path[(path.LastIndexOfAny('/', '\\') + 1)..];
        foreach (var program in Programs)
        {
            if (name.StartsWith(program.Name, StringComparison.OrdinalIgnoreCase))
            {
                return program;
            }
        }

        return null;
    }

    private static void Match(ref SecretScan scan, int at, Program program)
    {
        if (!Letters.BeginsWord(scan.Text, at) || (scan.Command.Program == program.Name && at < scan.Command.End))
        {
            return;
        }

        var command = scan.Text[at..Math.Min(scan.Text.Length, at + SecretScan.Reach)];
        var end = command.IndexOfAny(EndsCommand);
        command = end < 0 ? command : command[..end];
        scan.Command = (program.Name, at + command.Length);
        var place = command.IndexOf(' ');
        while (place >= 0 && place < command.Length)
        {
            var word = Word(command, place);
            foreach (var option in program.Options)
            {
                if (command[word].StartsWith(option, StringComparison.Ordinal))
                {
                    Add(ref scan, at, command, Value(command, word, option, program.TakesNext), program.IsPair);
                    if (!program.IsPair)
                    {
                        return;
                    }

                    break;
                }
            }

            place = Math.Max(word.End.Value, place + 1);
        }
    }

    private static void Add(ref SecretScan scan, int at, ReadOnlySpan<char> command, Range value, bool isPair)
    {
        var secret = command[value];
        var start = at + value.Start.Value;
        if (isPair && !secret.StartsWith(Placeholders.BeginWord))
        {
            var colon = secret.IndexOf(':');
            secret = colon < 0 ? default : secret[(colon + 1)..];
            start += colon + 1;
        }

        if (!Placeholders.IsOne(secret) && !secret.StartsWith(Placeholders.BeginWord) && secret[0] is not ('-' or '$'))
        {
            scan.Add(start, secret.Length, RuleNames.CommandPassword);
        }
    }

    private static Range Word(ReadOnlySpan<char> command, int place)
    {
        var start = place + Letters.Run(command[place..], Placeholders.Space);
        var length = command[start..].IndexOfAny(EndsWord);
        return start..(length < 0 ? command.Length : start + length);
    }

    /// <summary>What is glued to an option, or stands behind it; quotes are left out.</summary>
    private static Range Value(ReadOnlySpan<char> command, Range word, string option, bool takesNext)
    {
        var start = word.Start.Value + option.Length;
        if (start < command.Length && command[start] is '=' && option.StartsWith("--"))
        {
            start++;
        }
        else if (start >= command.Length || command[start] is ' ' or '\t')
        {
            if (!takesNext || start >= command.Length)
            {
                return default;
            }

            start += Letters.Run(command[start..], Placeholders.Space);
        }

        if (start < command.Length && command[start] == '\\')
        {
            start++;
        }

        if (start < command.Length && command[start] is '"' or '\'')
        {
            var close = command[(start + 1)..].IndexOfAny(command[start], '\\');
            return (start + 1)..(close < 0 ? command.Length : start + 1 + close);
        }

        var length = command[start..].IndexOfAny(EndsWord);
        return start..(length < 0 ? command.Length : start + length);
    }

    /// <param name="Options">Of which one has the password.</param>
    /// <param name="TakesNext">The password may be the next argument; else it is glued to the option.</param>
    /// <param name="IsPair">A name stands before it, with a colon between.</param>
    private sealed record Program(string Name, string[] Options, bool TakesNext, bool IsPair)
    {
        public bool Has(ReadOnlySpan<char> argument) => Options.Contains(argument.ToString());
    }
}
