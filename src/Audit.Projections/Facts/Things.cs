using System.Text.RegularExpressions;

namespace Audit.Projections.Facts;

/// <summary>What a call touches by its input: a table, a file, a host, an address or a package.</summary>
/// <param name="Name">With its kind before it, as in table:customers.</param>
public readonly record struct Thing(string Name, bool IsWritten);

/// <summary>
/// Derives things from inputs by a table of rules. What it says is read out of what was asked of the tool, and is no
/// proof that the tool did it; what stands in no input it cannot know.
/// </summary>
public static partial class Things
{
    /// <summary>
    /// So many of one input, names no longer than that, and of a text the beginning: an input is a stranger's, and
    /// takes no more time than this.
    /// </summary>
    private const int Most = 24, LongestName = 160, LongestText = 4_000, Deepest = 8;

    public const string Table = "table", File = "file", Host = "host", Url = "url", Package = "package";

    public static readonly IReadOnlyList<string> Kinds = [Table, File, Host, Url, Package];

    /// <summary>Members of inputs that name a thing by themselves, whatever the tool.</summary>
    private static readonly Dictionary<string, string> Members = new(StringComparer.OrdinalIgnoreCase)
    {
        ["path"] = File, ["file_path"] = File, ["filePath"] = File, ["file"] = File, ["filename"] = File,
        ["fileName"] = File, ["notebook_path"] = File, ["files"] = File, ["paths"] = File, ["destination"] = File,
        ["url"] = Url, ["uri"] = Url, ["endpoint"] = Url, ["urls"] = Url,
        ["host"] = Host, ["hostname"] = Host, ["domain"] = Host,
        ["table"] = Table, ["table_name"] = Table, ["tables"] = Table,
        ["package"] = Package, ["packages"] = Package,
        ["sql"] = Sql, ["query"] = Sql, ["statement"] = Sql,
        ["command"] = Shell, ["cmd"] = Shell, ["script"] = Shell, ["fullCommandText"] = Shell,
    };

    /// <summary>Words in names of tools by which what they touch is changed.</summary>
    private static readonly string[] Writing =
    [
        "write", "edit", "create", "delete", "remove", "move", "rename", "append", "patch", "put", "post", "upload",
        "insert", "update", "upsert", "drop", "alter", "truncate", "install", "save", "replace", "apply", "commit",
    ];

    /// <summary>Commands of a shell, how they take their arguments, and whether they change what they name.</summary>
    private static readonly Dictionary<string, (string Kind, bool IsWritten)> Commands = new()
    {
        ["cat"] = (File, false), ["less"] = (File, false), ["head"] = (File, false), ["tail"] = (File, false),
        ["grep"] = (File, false), ["ls"] = (File, false), ["stat"] = (File, false), ["source"] = (File, false),
        ["rm"] = (File, true), ["touch"] = (File, true), ["mv"] = (File, true), ["cp"] = (File, true),
        ["chmod"] = (File, true), ["chown"] = (File, true), ["tee"] = (File, true), ["truncate"] = (File, true),
        ["mkdir"] = (File, true), ["rmdir"] = (File, true), ["sed"] = (File, false), ["vi"] = (File, true),
        ["curl"] = (Url, false), ["wget"] = (Url, false), ["ping"] = (Host, false), ["ssh"] = (Host, false),
        ["nslookup"] = (Host, false), ["dig"] = (Host, false),
    };

    /// <summary>Managers of packages with the verbs after which packages stand.</summary>
    private static readonly Dictionary<string, string[]> Managers = new()
    {
        ["npm"] = ["install", "i", "add", "uninstall"], ["yarn"] = ["add", "remove"], ["pnpm"] = ["add", "install"],
        ["pip"] = ["install", "uninstall"], ["pip3"] = ["install", "uninstall"], ["apt"] = ["install", "remove"],
        ["apt-get"] = ["install", "remove"], ["apk"] = ["add", "del"], ["brew"] = ["install", "uninstall"],
        ["cargo"] = ["add", "install"], ["gem"] = ["install"], ["go"] = ["get"], ["nuget"] = ["install"],
        ["uv"] = ["add"], ["dotnet"] = ["package"],
    };

    private const string Sql = "sql", Shell = "shell";

    /// <param name="tool">By whose name what it touches may be changed.</param>
    /// <param name="input">The JSON of its input, if it has any.</param>
    public static IReadOnlyList<Thing> Of(string? tool, ReadOnlySpan<byte> input)
    {
        if (input is [] or [(byte)'n', ..])
        {
            return [];
        }

        var found = new Dictionary<string, bool>();
        var json = new Utf8JsonReader(input, new JsonReaderOptions { MaxDepth = 256 });
        var writes = IsWriting(tool);
        string? member = null;
        while (found.Count < Most && json.Read())
        {
            switch (json.TokenType)
            {
                case JsonTokenType.PropertyName:
                    member = json.CurrentDepth <= Deepest ? json.GetString() : null;
                    break;
                case JsonTokenType.String:
                    var text = json.GetString()!;
                    Read(found, member, text.Length <= LongestText ? text : text[..LongestText], writes, tool);
                    break;
                case JsonTokenType.EndObject:
                    member = null;
                    break;
            }
        }

        return [.. found.Select(one => new Thing(one.Key, one.Value))];
    }

    private static bool IsWriting(string? tool) =>
        tool is not null && Words().Matches(tool).Any(word => Writing.Contains(word.Value.ToLowerInvariant()));

    private static void Read(Dictionary<string, bool> found, string? member, string text, bool writes, string? tool)
    {
        var kind = member is not null && Members.TryGetValue(member, out var known) ? known
            : member is null && tool is not null && IsShell(tool) ? Shell
            : null;
        switch (kind)
        {
            case Sql:
                ReadSql(found, text);
                break;
            case Shell:
                ReadShell(found, text);
                break;
            case Url:
                AddUrl(found, text, writes);
                break;
            case not null:
                Add(found, kind, text, writes);
                break;
            case null when text.Length <= LongestName && Address().IsMatch(text):
                AddUrl(found, text, writes);
                break;
        }
    }

    private static bool IsShell(string tool) =>
        tool.Contains("bash", StringComparison.OrdinalIgnoreCase)
        || tool.Contains("shell", StringComparison.OrdinalIgnoreCase);

    /// <summary>Tables stand behind few words; what is a name of the query's own is no table.</summary>
    private static void ReadSql(Dictionary<string, bool> found, string sql)
    {
        var plain = Quoted().Replace(Comment().Replace(sql, " "), "''");
        if (!Statement().IsMatch(plain))
        {
            return;
        }

        var own = Own().Matches(plain).Select(match => Bare(match.Groups["name"].Value)).ToHashSet();
        foreach (Match match in TableWord().Matches(plain))
        {
            var word = Spaces().Replace(match.Groups["word"].Value.ToLowerInvariant(), " ");
            var writes = word is not ("from" or "join" or "references") || IsDeleted(plain, match.Index);
            foreach (var name in match.Groups["names"].Value.Split(',', StringSplitOptions.TrimEntries))
            {
                var table = Bare(name.Split(' ', 2)[0]);
                if (table.Length > 0 && !own.Contains(table) && !Reserved().IsMatch(table))
                {
                    Add(found, Table, table, writes);
                }
            }
        }
    }

    private static bool IsDeleted(string sql, int from) =>
        sql[..from].TrimEnd().EndsWith("delete", StringComparison.OrdinalIgnoreCase);

    private static string Bare(string name) => name.Trim('"', '`', '[', ']', '(', ')', ';', ' ').ToLowerInvariant();

    private static void ReadShell(Dictionary<string, bool> found, string text)
    {
        foreach (Match part in Quotes().Matches(text))
        {
            ReadSql(found, part.Groups["text"].Value);
        }

        foreach (Match address in Addresses().Matches(text))
        {
            AddUrl(found, address.Value, SendsIt().IsMatch(text));
        }

        foreach (var command in Separators().Split(text))
        {
            foreach (Match target in Redirect().Matches(command))
            {
                Add(found, File, target.Groups["file"].Value, writes: true);
            }

            ReadCommand(found, [.. Arguments().Matches(command).Select(match => match.Value.Trim('"', '\''))]);
        }
    }

    private static void ReadCommand(Dictionary<string, bool> found, List<string> words)
    {
        words.RemoveAll(word => word is "sudo" or "time" or "nohup" or "exec");
        if (words.Count == 0)
        {
            return;
        }

        var name = words[0][(words[0].LastIndexOf('/') + 1)..];
        var arguments = words.Skip(1).Where(word => !word.StartsWith('-') && !word.Contains('>')).ToList();
        if (Managers.TryGetValue(name, out var verbs))
        {
            var verb = arguments.FindIndex(verbs.Contains);
            foreach (var package in verb < 0 ? [] : arguments.Skip(verb + 1).Where(word => PackageName().IsMatch(word)))
            {
                Add(found, Package, package, writes: true);
            }
        }
        else if (Commands.TryGetValue(name, out var rule) && rule.Kind != Url)
        {
            var inPlace = name == "sed" && words.Exists(word => word.StartsWith("-i", StringComparison.Ordinal));
            var named = name is "grep" or "sed" or "chmod" or "chown" ? arguments.Skip(1) : arguments;
            foreach (var argument in rule.Kind == Host ? named.Take(1) : named)
            {
                Add(found, rule.Kind, rule.Kind == Host ? argument[(argument.IndexOf('@') + 1)..] : argument,
                    rule.IsWritten || inPlace);
            }
        }
    }

    private static void AddUrl(Dictionary<string, bool> found, string text, bool writes)
    {
        if (Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Host.Length > 0)
        {
            // What stands behind a question mark differs each time, and may be secret.
            Add(found, Url, address.GetLeftPart(UriPartial.Path), writes);
            Add(found, Host, address.IdnHost, writes);
        }
    }

    private static void Add(Dictionary<string, bool> found, string kind, string name, bool writes)
    {
        name = name.Trim();
        if (name.Length is > 0 and <= LongestName && !name.Any(char.IsControl) && found.Count < Most)
        {
            var key = $"{kind}:{name}";
            found[key] = writes || found.GetValueOrDefault(key);
        }
    }

    [GeneratedRegex("[A-Z]?[a-z]+|[A-Z]+")]
    private static partial Regex Words();

    [GeneratedRegex(@"'(?:[^']|'')*'")]
    private static partial Regex Quoted();

    [GeneratedRegex(@"--[^\n]*|/\*.*?\*/", RegexOptions.Singleline)]
    private static partial Regex Comment();

    [GeneratedRegex(
        @"^\s*\(?\s*(select|insert|update|delete|merge|alter|create|drop|truncate|with|vacuum|analyze|explain|copy|"
        + @"lock|reindex|rename)\b",
        RegexOptions.IgnoreCase)]
    private static partial Regex Statement();

    [GeneratedRegex(@"(?:\bwith|,)\s+(?<name>\w+)\s+as\s*(?:not\s+materialized\s*)?\(", RegexOptions.IgnoreCase)]
    private static partial Regex Own();

    [GeneratedRegex(
        @"\b(?<word>from|join|references|into|update|copy|truncate(?:\s+table)?|table(?:\s+if(?:\s+not)?\s+exists)?|"
        + @"index\s+(?:concurrently\s+)?(?:if\s+not\s+exists\s+)?[\w""]*\s*on|"
        + @"vacuum(?:\s+full)?(?:\s+analyze)?|analyze)"
        + @"\s+(?:only\s+)?(?<names>[\w.""`\[\]]+(?:(?:\s+(?:as\s+)?\w+)?\s*,\s*[\w.""`\[\]]+)*)",
        RegexOptions.IgnoreCase)]
    private static partial Regex TableWord();

    [GeneratedRegex(
        @"^(select|values|lateral|unnest|generate_series|set|where|only|if|exists|analyze|full|table|stdin|stdout"
        + @"|\d.*)$")]
    private static partial Regex Reserved();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();

    [GeneratedRegex(@"^[a-z][a-z0-9+.-]*://[^\s]+$", RegexOptions.IgnoreCase)]
    private static partial Regex Address();

    [GeneratedRegex(@"\b(?:https?|wss?|ftp)://[^\s'""|;>)]+", RegexOptions.IgnoreCase)]
    private static partial Regex Addresses();

    [GeneratedRegex(
        @"(-X|--request)\s*(POST|PUT|PATCH|DELETE)|\s(-d|--data\S*|-T|-F)\s", RegexOptions.IgnoreCase)]
    private static partial Regex SendsIt();

    [GeneratedRegex(@"(?<quote>['""])(?<text>.*?)\k<quote>", RegexOptions.Singleline)]
    private static partial Regex Quotes();

    [GeneratedRegex(@"&&|\|\||[|;\n]")]
    private static partial Regex Separators();

    [GeneratedRegex(@"(?<!\d)>{1,2}\s*(?<file>[^\s&>|;]+)")]
    private static partial Regex Redirect();

    [GeneratedRegex(@"'[^']*'|""[^""]*""|\S+")]
    private static partial Regex Arguments();

    [GeneratedRegex(@"^@?[A-Za-z0-9][\w./@=<>~^-]*$")]
    private static partial Regex PackageName();
}
