namespace Audit.Lifecycle.Redaction;

/// <summary>Passwords in the command lines of programs that have options of their own for them.</summary>
internal static class CommandLines
{
    private static readonly SearchValues<char> EndsCommand = SearchValues.Create("\r\n;|");
    private static readonly SearchValues<char> EndsWord = SearchValues.Create(" \t\r\n\0\"'`;|&<>\\");

    /// <summary>Letters of options of curl that take nothing, so that others may follow in the same word.</summary>
    private static readonly SearchValues<char> Bare = SearchValues.Create("sSLkfviIgGjJNORna#012346");

    /// <summary>What says where a password is, and is none.</summary>
    private static readonly string[] Places = ["file", "env", "fd", "stdin"];

    private static readonly Program[] Programs =
    [
        .. new[] { "mysql", "mariadb", "7z ", "unrar " }.Select(name => new Program(name, Glued("-p"))),
        .. new[]
        {
            "sshpass", "docker login", "podman login", "registry login", "az login", "mongo", "useradd",
        }.Select(name => new Program(name, Next("-p"))),
        .. new[] { "sqlcmd", "bcp ", "mosquitto_", "unzip ", "zip -" }
            .Select(name => new Program(name, Next("-P"))),
        new("xfreerdp", Glued("/p:")),
        new("redis-cli", Next("-a"), Exact("AUTH"), Exact("auth")),
        new("ldap", Next("-w")),
        new("ssh-keygen", Next("-N")),
        new("snmp", Exact("-A"), Exact("-X")),
        new("openssl", Exact("-k"), Exact("-K"), Pair("-passin"), Pair("-passout"), Pair("-pass")),
        new("smbclient", Pair("-U", '%'), Pair("--user", '%')),
        new("lftp", Pair("-u", ',')),
        new("secret set", Next("-b"), Next("--body")),
        new("secrets set", Pair("", '=')),
        new("from-literal", Pair("", '=')),
        new("sqlplus", Pair("", '/')),
        new("impdp", Pair("", '/')),
        new("expdp", Pair("", '/')),
        new("thin:", Pair("", '/')),
        new("http -a ", Pair("-a")),
        new("https -a ", Pair("-a")),
        new("htpasswd"),
        new("rabbitmqctl"),
        new(
            "curl", Pair("-u"), Pair("--user"), Pair("-U"), Pair("--proxy-user"), Pair("-b", '='),
            Pair("--cookie", '='), Next("--oauth2-bearer"), Next("--pass"), Next("--tlspassword")),
    ];

    /// <summary>Options of any program that have a name and its password.</summary>
    private static readonly Program AnyOfPair =
        new("", Pair("-u"), Pair("-U"), Pair("-a"), Pair("-A"), Pair("--user"), Pair("--auth"), Pair("--login"));

    /// <summary>Where a user is named, so is the password.</summary>
    private static readonly Program AnyOfUser = new("", Next("-p"), Next("-P"), Next("-w"), Next("-pw"));

    public static IEnumerable<Trigger> Triggers { get; } =
    [
        .. Programs.Select(program => new Trigger(program.Name, (ref scan, at) => Match(ref scan, at, program))),
        .. new[] { " -u ", " -a ", " --user", " --auth", " --login" }.Select(option => new Trigger(option, MatchUser)),
        .. TypedPasswords.Triggers,
        new(" login", (ref _, _) => { }),
        // Of arguments one by one.
        new("login\"", (ref _, _) => { }),
    ];

    /// <summary>What an argument says of the one behind it, where arguments stand one by one.</summary>
    public static SecretName AfterArgument(
        ReadOnlySpan<char> program, ReadOnlySpan<char> argument, ReadOnlySpan<char> value, bool namesUser)
    {
        if (argument.Length < 2)
        {
            return default;
        }

        var named = argument.Contains('=') ? default : SecretName.Find(argument);
        if (argument[0] != '-')
        {
            // `["X-Auth-Token", …]`, and not a list of such names.
            var isSecret = argument.Length <= SecretName.Longest && !argument.ContainsAnyExcept(Letters.WordOrDash)
                && named.Strength >= NameStrength.Likely && SecretName.Find(value).Strength < NameStrength.Likely
                && (Letters.LooksRandom(value, 8) || (named.Rule == RuleNames.Authorization && value.Contains(' ')));
            return isSecret ? named : default;
        }

        if (named.AsOption() is { Strength: >= NameStrength.Likely } option)
        {
            return option;
        }

        foreach (var one in Of(program)?.Options ?? [])
        {
            if (one is { TakesNext: true, Sign: '\0' } && argument.SequenceEqual(one.Text))
            {
                return new SecretName(NameStrength.Strong, RuleNames.CommandPassword);
            }
        }

        return namesUser && argument is "-p" or "-P" or "-w" && !value.ContainsAny('/', ':', '=')
            ? new SecretName(NameStrength.Weak, RuleNames.Password)
            : default;
    }

    /// <summary>The password in an argument that stands alone, such as `-pSecret` and `user:secret`.</summary>
    public static Range InArgument(
        ReadOnlySpan<char> program, ReadOnlySpan<char> before, ReadOnlySpan<char> argument)
    {
        var known = Of(program);
        foreach (var option in (known ?? AnyOfPair).Options)
        {
            var length = option.LengthIn(argument);
            if (option.Sign == '\0' && option.IsGlued && length > 0 && argument.Length > length)
            {
                return length..argument.Length;
            }

            var pair = option.LengthIn(before) is > 0 and var own && own == before.Length ? argument
                : length > 0 && option.Text.Length > 0 ? argument[length..] : default;
            if (option.Sign != '\0' && InPair(pair, option.Sign) is { End.Value: > 0 } part
                && (known is not null || Letters.LooksRandom(pair[part], 6)))
            {
                var start = argument.Length - pair.Length;
                return (start + part.Start.Value)..(start + part.End.Value);
            }
        }

        return default;
    }

    /// <summary>The program that arguments belong to, when this is one more of them.</summary>
    public static string? ProgramIn(string? program, string? before, string argument) =>
        Of(argument) is not null ? argument
        : before is not null && Of($"{before} {argument}") is { } pair ? pair.Name
        : program ?? argument;

    private static Option Next(string text) => new(text, TakesNext: true, IsGlued: true, '\0');

    private static Option Exact(string text) => new(text, TakesNext: true, IsGlued: false, '\0');

    private static Option Glued(string text) => new(text, TakesNext: false, IsGlued: true, '\0');

    private static Option Pair(string text, char sign = ':') => new(text, TakesNext: true, IsGlued: true, sign);

    private static Program? Of(ReadOnlySpan<char> path)
    {
        var name = path[(path.LastIndexOfAny('/', '\\') + 1)..];
        foreach (var program in Programs)
        {
            if (!name.IsEmpty && name.StartsWith(program.Name.AsSpan().TrimEnd(), StringComparison.OrdinalIgnoreCase))
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

        var command = CommandAt(scan.Text, at);
        scan.Command = (program.Name, at + command.Length);
        MatchOptions(ref scan, at, command, program, isSure: true);
        if (program.Options.Length == 0)
        {
            MatchPlaces(ref scan, at, command);
        }
    }

    public static ReadOnlySpan<char> CommandAt(ReadOnlySpan<char> text, int at)
    {
        var command = text[at..Math.Min(text.Length, at + SecretScan.Reach)];
        var end = command.IndexOfAny(EndsCommand);
        return end < 0 ? command : command[..end];
    }

    /// <summary>`-u user:password` and `-u user … -p password`, of any program.</summary>
    private static void MatchUser(ref SecretScan scan, int at)
    {
        MatchOptions(ref scan, at, CommandAt(scan.Text, at), AnyOfPair, isSure: false);
        if (scan.Text[at + 2] is 'a' or 'A' || at < scan.Users)
        {
            return;
        }

        var from = Math.Max(0, at - (SecretScan.Reach / 2));
        from += scan.Text[from..at].LastIndexOfAny(EndsCommand) + 1;
        var command = CommandAt(scan.Text, from);
        scan.Users = from + command.Length;
        MatchOptions(ref scan, from, command, AnyOfUser, isSure: false);
    }

    /// <param name="isSure">Whatever stands there is a password; else only what looks like one.</param>
    private static void MatchOptions(
        ref SecretScan scan, int at, ReadOnlySpan<char> command, Program program, bool isSure)
    {
        var place = command.IndexOfAny(" \t\0=");
        place = program.Name == "thin:" ? program.Name.Length : place;
        while (place >= 0 && place < command.Length)
        {
            var word = Word(command, place);
            foreach (var option in program.Options)
            {
                var length = option.LengthIn(command[word]);
                if (length > 0 || option.Text.Length == 0)
                {
                    Add(ref scan, at, command, Value(command, word, length, option), option, isSure);
                    break;
                }
            }

            place = Math.Max(word.End.Value, place + 1);
        }
    }

    private static void Add(
        ref SecretScan scan, int at, ReadOnlySpan<char> command, Range value, Option option, bool isSure)
    {
        var secret = command[value];
        var start = at + value.Start.Value;
        if (option.Sign != '\0' && !secret.StartsWith(Placeholders.BeginWord))
        {
            var part = InPair(secret, option.Sign);
            start += part.Start.Value;
            secret = secret[part];
        }

        if (!Placeholders.IsOne(secret) && !secret.StartsWith(Placeholders.BeginWord)
            && secret[0] is not ('-' or '$' or ')' or ',')
            && (isSure || (Letters.LooksRandom(secret, 6) && !secret.ContainsAny('/', ':', '='))))
        {
            scan.Add(start, secret.Length, RuleNames.CommandPassword);
        }
    }

    private static Range InPair(ReadOnlySpan<char> pair, char sign)
    {
        var at = pair.IndexOf(sign);
        if (at <= 0 || Places.AsSpan().Contains(pair[..at].ToString()))
        {
            return default;
        }

        // `scott/tiger@host`
        var end = sign == '/' ? pair.LastIndexOf('@') : -1;
        return (at + 1)..(end > at ? end : pair.Length);
    }

    /// <summary>Programs that take a password by its place.</summary>
    private static void MatchPlaces(ref SecretScan scan, int at, ReadOnlySpan<char> command)
    {
        var isFile = command.StartsWith("htpasswd", StringComparison.OrdinalIgnoreCase);
        var (behind, wanted, place) = (0, 0, command.IndexOf(' '));
        while (place >= 0 && place < command.Length)
        {
            var word = Word(command, place);
            var range = Value(command, word, 0, Next(""));
            var value = command[range];
            var isOption = value.StartsWith('-');
            if (wanted > 0 && !isOption && !value.IsEmpty && ++behind == wanted)
            {
                Add(ref scan, at, command, range, Next(""), isSure: true);
                return;
            }

            wanted = wanted > 0 ? wanted
                : isFile ? isOption && value.Contains('b') ? value.Contains('n') ? 2 : 3 : 0
                : value is "add_user" or "change_password" or "authenticate_user" ? 2
                : 0;
            place = Math.Max(word.End.Value, place + 1);
        }
    }

    private static Range Word(ReadOnlySpan<char> command, int place)
    {
        var start = place + Letters.Run(command[place..], Placeholders.Space);
        start += start == place && start < command.Length && command[start] == '=' ? 1 : 0;
        var length = command[start..].IndexOfAny(EndsWord);
        return start..(length < 0 ? command.Length : start + length);
    }

    /// <summary>What is glued to an option, or stands behind it; quotes are left out.</summary>
    private static Range Value(ReadOnlySpan<char> command, Range word, int length, Option option)
    {
        var start = word.Start.Value + length;
        if (start < command.Length && command[start] is '=' && command[word].StartsWith("--"))
        {
            start++;
        }
        else if (length > 0 && (start >= command.Length || Placeholders.Space.Contains(command[start])))
        {
            if (!option.TakesNext || start >= command.Length)
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

        var rest = command[start..].IndexOfAny(EndsWord);
        return start..(rest < 0 ? command.Length : start + rest);
    }

    /// <param name="TakesNext">The password may be the next argument.</param>
    /// <param name="IsGlued">It may be in the same word.</param>
    /// <param name="Sign">Stands between a name and the password; none where it stands alone.</param>
    private sealed record Option(string Text, bool TakesNext, bool IsGlued, char Sign)
    {
        /// <summary>How much of a word is the option: 0 when it is another one.</summary>
        public int LengthIn(ReadOnlySpan<char> word)
        {
            if (Text.Length == 0 || word.Length < Text.Length)
            {
                return 0;
            }

            if (word.StartsWith(Text, StringComparison.Ordinal))
            {
                var isWhole = word.Length == Text.Length || word[Text.Length] == '=';
                return isWhole || (IsGlued && !Text.StartsWith("--")) ? Text.Length : 0;
            }

            // `curl -su user:password`
            var isShort = Sign == ':' && Text.Length == 2 && word[0] == '-';
            var bare = isShort ? Letters.Run(word[1..], Bare) : 0;
            return bare > 0 && bare + 1 < word.Length && word[bare + 1] == Text[1] ? bare + 2 : 0;
        }
    }

    private sealed record Program(string Name, params Option[] Options);
}
