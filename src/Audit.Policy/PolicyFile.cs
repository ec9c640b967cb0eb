using System.Globalization;
using System.Security.Cryptography;

namespace Audit.Policy;

/// <summary>A policy as its file has it, read as strictly as a record: what nobody reads is a misspelt rule.</summary>
public static class PolicyFile
{
    public const int MaxBytes = 256 << 10;

    private const int MostRules = 500, MostPatterns = 100, LongestName = 100, LongestPattern = 1000;

    private const string PresetName = "preset", ModeName = "mode", TrustName = "trust", UnknownName = "unknown",
        ToolsName = "tools", RulesName = "rules", QuestionsName = "questions_end_after",
        ApprovalsName = "approvals_hold";

    private const string RuleNameName = "name", KindName = "kind", ToolName = "tool", TierName = "tier",
        AgentName = "agent", TaskName = "task", SourceName = "source", WindowName = "window", InputName = "input",
        PermissionName = "permission", ThenName = "then", FeedbackName = "feedback", PeopleName = "people",
        ApproversName = "approvers";

    private static readonly string[] Modes = ["enforce", "observe"];
    private static readonly string[] Trusts = ["bound", "claimed"];

    public static IReadOnlyList<string> Members { get; } =
    [
        PresetName, ModeName, TrustName, UnknownName, ToolsName, RulesName, QuestionsName, ApprovalsName, "$schema",
    ];

    public static IReadOnlyList<string> RuleMembers { get; } =
    [
        RuleNameName, KindName, ToolName, TierName, AgentName, TaskName, SourceName, WindowName, InputName,
        PermissionName, ThenName, FeedbackName, PeopleName, ApproversName, ModeName,
    ];

    public static string VersionOf(ReadOnlySpan<byte> file) => Convert.ToHexStringLower(SHA256.HashData(file));

    /// <exception cref="UnreadableException">It is no policy; the message says where, and what is accepted.</exception>
    public static DecisionPolicy Parse(ReadOnlyMemory<byte> file)
    {
        if (file.Length > MaxBytes)
        {
            throw new UnreadableException("", $"{file.Length} bytes; at most {MaxBytes} are accepted");
        }

        var strict = new StrictJsonReader(file.Span);
        strict.Read();
        strict.Skip();
        if (strict.Read())
        {
            throw strict.Unreadable("one JSON object is expected, and there is more behind it");
        }

        using var document = JsonDocument.Parse(file);
        var policy = document.RootElement;
        RequireOnly(policy, "", Members);
        var read = new DecisionPolicy(
            VersionOf(file.Span), One(policy, "", PresetName, Preset.DenyAll), ReadRules(policy))
        {
            Observes = ReadMode(policy, ""),
            TrustsClaims = Word(policy, "", TrustName, Trusts) == Trusts[1],
            Unknown = One(policy, "", UnknownName, Ruling.Reject),
            Tools = ReadTools(policy),
        };
        return read with
        {
            QuestionsEndAfter = ReadLength(policy, QuestionsName, read.QuestionsEndAfter),
            ApprovalsHold = ReadLength(policy, ApprovalsName, read.ApprovalsHold),
        };
    }

    /// <summary>What a policy says that its owner may not mean.</summary>
    public static IEnumerable<string> WarningsOf(DecisionPolicy policy)
    {
        if (policy.Observes)
        {
            yield return "The mode is observe: nothing is enforced.";
        }

        if (policy.Preset == Preset.ApproveAll)
        {
            yield return "The preset approve-all approves whatever no rule names.";
        }

        foreach (var rule in policy.Rules.Where(rule => rule.Approves))
        {
            foreach (var path in rule.Input.Concat(rule.Permission).Where(path => path.Value.IsFree))
            {
                yield return $"Rule \"{rule.Name}\" approves by \"{path.Value}\", a pattern over free text: what "
                    + "else stands there is approved too.";
            }
        }

        if (!policy.TrustsClaims && policy.Rules.Any(rule => rule.Agents.Count + rule.Tasks.Count > 0))
        {
            yield return "Rules with agent or task approve only what comes by a token that is bound to one; "
                + "\"trust\": \"claimed\" says otherwise.";
        }

        if (!policy.TrustsClaims && policy.Tools.Count == 0
            && (policy.Preset == Preset.ApproveSafety || policy.Rules.Any(rule => rule.Kinds.Count > 0)))
        {
            yield return "There is no table \"tools\": what kind a tool is only its host says, which makes nothing "
                + "laxer; \"trust\": \"claimed\" says otherwise.";
        }

        foreach (var (index, rule) in policy.Rules.Index())
        {
            if (policy.Rules.Take(index).FirstOrDefault(one => one.IsUnconditional && !one.Observes) is { } before)
            {
                yield return $"Rule \"{rule.Name}\" is never asked: \"{before.Name}\" before it matches everything.";
            }
        }
    }

    private static IReadOnlyList<PolicyRule> ReadRules(JsonElement policy)
    {
        var rules = new List<PolicyRule>();
        foreach (var (place, rule) in Elements(policy, "", RulesName, MostRules))
        {
            RequireOnly(rule, place, RuleMembers);
            var read = ReadRule(rule, place);
            if (rules.Exists(one => one.Name == read.Name))
            {
                throw new UnreadableException($"{place}.name", $"there is a rule \"{read.Name}\" already");
            }

            rules.Add(read);
        }

        return rules;
    }

    private static PolicyRule ReadRule(JsonElement rule, string place)
    {
        var name = Text(rule, place, RuleNameName, LongestName)
            ?? throw new UnreadableException($"{place}.{RuleNameName}", "missing; decisions cite a rule by its name");
        if (!rule.TryGetProperty(ThenName, out _))
        {
            throw new UnreadableException($"{place}.{ThenName}", $"missing; accepted are {Accepted<Ruling>()}");
        }

        var then = One(rule, place, ThenName, Ruling.Reject);
        RequireWith(rule, place, FeedbackName, then is Ruling.Reject or Ruling.Ask, "reject or ask");
        RequireWith(rule, place, PeopleName, then == Ruling.Ask, "ask");
        RequireWith(rule, place, ApproversName, then == Ruling.Ask, "ask");
        return new PolicyRule(name, then)
        {
            Kinds = Globs(rule, place, KindName),
            Tools = Globs(rule, place, ToolName),
            Tiers = Globs(rule, place, TierName),
            Agents = Globs(rule, place, AgentName),
            Tasks = Globs(rule, place, TaskName),
            Sources = Globs(rule, place, SourceName),
            Window = Text(rule, place, WindowName, LongestPattern),
            Input = Paths(rule, place, InputName),
            Permission = Paths(rule, place, PermissionName),
            Feedback = Text(rule, place, FeedbackName, LongestPattern),
            People = ReadPeople(rule, place),
            Approvers = [.. Globs(rule, place, ApproversName).Select(glob => glob.Text)],
            Observes = ReadMode(rule, place),
        };
    }

    private static int ReadPeople(JsonElement rule, string place) =>
        !rule.TryGetProperty(PeopleName, out var value) ? 1
        : value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var people) && people is 1 or 2 ? people
        : throw Wrong(Place(place, PeopleName), "1 or 2 is expected", value);

    private static bool ReadMode(JsonElement of, string place) => Word(of, place, ModeName, Modes) == Modes[1];

    private static IReadOnlyList<(PolicyGlob Tool, string Kind)> ReadTools(JsonElement policy)
    {
        if (!policy.TryGetProperty(ToolsName, out var tools))
        {
            return [];
        }

        var read = MembersOf(tools, ToolsName, "the kind of each tool, such as {\"sql.*\": \"write\"}")
            .Select(tool => tool.Value.ValueKind == JsonValueKind.String
                && tool.Value.GetString() is { Length: > 0 and <= LongestName } kind
                ? (new PolicyGlob(tool.Name), kind)
                : throw Wrong(Place(ToolsName, tool.Name), "a kind is expected, such as \"shell\"", tool.Value));
        return [.. read];
    }

    private static TimeSpan ReadLength(JsonElement policy, string name, TimeSpan otherwise)
    {
        if (Text(policy, "", name, LongestName) is not { } text)
        {
            return otherwise;
        }

        var unit = text[^1] switch { 's' => 1, 'm' => 60, 'h' => 3600, _ => 0 };
        return unit > 0
            && int.TryParse(text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count > 0
            && (long)count * unit <= DecisionPolicy.LongestQuestion.TotalSeconds
            ? TimeSpan.FromSeconds((long)count * unit)
            : throw new UnreadableException(
                name, $"\"{text}\" is not accepted; accepted is a number with s, m or h such as \"10m\", at most 24h");
    }

    private static IReadOnlyList<PolicyGlob> Globs(JsonElement of, string place, string name)
    {
        if (!of.TryGetProperty(name, out var value))
        {
            return [];
        }

        var where = Place(place, name);
        return value.ValueKind != JsonValueKind.Array ? [GlobOf(value, where)]
            : value.GetArrayLength() is > 0 and <= MostPatterns
                ? [.. value.EnumerateArray().Select((one, index) => GlobOf(one, $"{where}[{index}]"))]
            : throw new UnreadableException(where, $"from 1 to {MostPatterns} patterns are accepted");
    }

    private static IReadOnlyList<PolicyPath> Paths(JsonElement of, string place, string name)
    {
        if (!of.TryGetProperty(name, out var value))
        {
            return [];
        }

        var where = Place(place, name);
        var paths = MembersOf(value, where, "the pattern of each value, such as {\"sql\": \"*ALTER *\"}").ToList();
        return paths.Count is > 0 and <= MostPatterns
            ? [.. paths.Select(path => new PolicyPath(path.Name, GlobOf(path.Value, Place(where, path.Name))))]
            : throw new UnreadableException(where, $"from 1 to {MostPatterns} values are accepted");
    }

    private static PolicyGlob GlobOf(JsonElement value, string place) => value.ValueKind switch
    {
        JsonValueKind.String when value.GetString() is { Length: > 0 and <= LongestPattern } text =>
            new PolicyGlob(text),
        JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => new PolicyGlob(value.GetRawText()),
        _ => throw Wrong(place, $"a pattern of 1 to {LongestPattern} characters is expected", value),
    };

    private static IEnumerable<(string Place, JsonElement Value)> Elements(
        JsonElement of, string place, string name, int most)
    {
        if (!of.TryGetProperty(name, out var array))
        {
            return [];
        }

        var where = Place(place, name);
        return array.ValueKind == JsonValueKind.Array && array.GetArrayLength() <= most
            ? array.EnumerateArray().Select((one, index) => ($"{where}[{index}]", one))
            : throw Wrong(where, $"an array of at most {most} is expected", array);
    }

    private static IEnumerable<JsonProperty> MembersOf(JsonElement value, string place, string expected) =>
        value.ValueKind == JsonValueKind.Object
            ? value.EnumerateObject()
            : throw Wrong(place, $"an object is expected with {expected}", value);

    private static T One<T>(JsonElement of, string place, string name, T otherwise) where T : struct, Enum =>
        !of.TryGetProperty(name, out var value) ? otherwise
        : value.ValueKind == JsonValueKind.String && PolicyWords.TryRead<T>(value.GetString()!, out var one) ? one
        : throw Wrong(Place(place, name), $"one of {Accepted<T>()} is expected", value);

    private static string? Word(JsonElement of, string place, string name, string[] accepted) =>
        !of.TryGetProperty(name, out var value) ? null
        : value.ValueKind == JsonValueKind.String && accepted.Contains(value.GetString()) ? value.GetString()
        : throw Wrong(Place(place, name), $"one of {string.Join(", ", accepted)} is expected", value);

    private static string? Text(JsonElement of, string place, string name, int longest) =>
        !of.TryGetProperty(name, out var value) ? null
        : value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text && text.Length <= longest
            ? text
            : throw Wrong(Place(place, name), $"a string of 1 to {longest} characters is expected", value);

    private static void RequireOnly(JsonElement of, string place, IReadOnlyList<string> names)
    {
        foreach (var member in MembersOf(of, place, string.Join(", ", names)).Where(one => !names.Contains(one.Name)))
        {
            throw new UnreadableException(
                Place(place, member.Name), $"not known; accepted are {string.Join(", ", names)}");
        }
    }

    private static void RequireWith(JsonElement rule, string place, string name, bool fits, string with)
    {
        if (!fits && rule.TryGetProperty(name, out _))
        {
            throw new UnreadableException($"{place}.{name}", $"stands with \"then\": {with} alone");
        }
    }

    private static string Accepted<T>() where T : struct, Enum => string.Join(", ", PolicyWords.All<T>());

    private static string Place(string place, string name) => place.Length == 0 ? name : $"{place}.{name}";

    private static UnreadableException Wrong(string place, string expected, JsonElement value)
    {
        var text = value.GetRawText();
        return new UnreadableException(place, $"{expected}, not {(text.Length <= 60 ? text : text[..60] + "…")}");
    }
}

/// <summary>The JSON Schema of a policy, for editors; <see cref="PolicyFile"/> says what is wrong.</summary>
public static class PolicySchema
{
    public const string Text = """
        {
          "$schema": "https://json-schema.org/draft/2020-12/schema",
          "$id": "urn:audit-actors:policy",
          "title": "What the node answers a host that asks whether a tool may run",
          "type": "object",
          "additionalProperties": false,
          "properties": {
            "$schema": { "type": "string" },
            "preset": {
              "description": "What holds where no rule matches.",
              "enum": ["deny-all", "approve-safety", "approve-all", "ask"], "default": "deny-all"
            },
            "mode": { "$ref": "#/$defs/mode" },
            "trust": {
              "description": "Whether what a host claims of kind, agent and task may make an answer laxer.",
              "enum": ["bound", "claimed"], "default": "bound"
            },
            "unknown": {
              "description": "With approve-safety: what holds of a kind that nobody knows.",
              "$ref": "#/$defs/ruling"
            },
            "tools": {
              "description": "Patterns of tools with the kind of each; the first that matches counts.",
              "type": "object", "additionalProperties": { "type": "string", "minLength": 1, "maxLength": 100 }
            },
            "questions_end_after": { "$ref": "#/$defs/length", "default": "1h" },
            "approvals_hold": { "$ref": "#/$defs/length", "default": "10m" },
            "rules": { "type": "array", "maxItems": 500, "items": { "$ref": "#/$defs/rule" } }
          },
          "$defs": {
            "mode": { "enum": ["enforce", "observe"], "default": "enforce" },
            "ruling": {
              "enum": ["approve-for-session", "approve-for-location", "approve-once", "ask", "reject"]
            },
            "length": { "type": "string", "pattern": "^[0-9]+[smh]$" },
            "pattern": { "type": "string", "minLength": 1, "maxLength": 1000 },
            "patterns": {
              "anyOf": [
                { "$ref": "#/$defs/pattern" },
                { "type": "array", "minItems": 1, "maxItems": 100, "items": { "$ref": "#/$defs/pattern" } }
              ]
            },
            "values": {
              "type": "object", "minProperties": 1, "maxProperties": 100,
              "additionalProperties": { "type": ["string", "number", "boolean"] }
            },
            "rule": {
              "type": "object",
              "additionalProperties": false,
              "required": ["name", "then"],
              "properties": {
                "name": { "type": "string", "minLength": 1, "maxLength": 100 },
                "kind": { "$ref": "#/$defs/patterns" },
                "tool": { "$ref": "#/$defs/patterns" },
                "tier": { "$ref": "#/$defs/patterns" },
                "agent": { "$ref": "#/$defs/patterns" },
                "task": { "$ref": "#/$defs/patterns" },
                "source": { "$ref": "#/$defs/patterns" },
                "window": { "description": "open, none, or the id of a window.", "$ref": "#/$defs/pattern" },
                "input": { "$ref": "#/$defs/values" },
                "permission": { "$ref": "#/$defs/values" },
                "then": { "$ref": "#/$defs/ruling" },
                "feedback": { "$ref": "#/$defs/pattern" },
                "people": { "enum": [1, 2], "default": 1 },
                "approvers": { "$ref": "#/$defs/patterns" },
                "mode": { "$ref": "#/$defs/mode" }
              }
            }
          }
        }
        """;
}
