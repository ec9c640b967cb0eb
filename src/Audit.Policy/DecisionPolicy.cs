namespace Audit.Policy;

/// <summary>What is answered to a host that asks whether a tool may run, from the laxest to the strictest.</summary>
public enum Ruling : byte
{
    ApproveForSession,
    ApproveForLocation,
    ApproveOnce,

    /// <summary>A person decides.</summary>
    Ask,
    Reject,
}

/// <summary>What holds where no rule matches.</summary>
public enum Preset : byte
{
    DenyAll,

    /// <summary>Shell and write are rejected, and the other kinds that are known approved.</summary>
    ApproveSafety,
    ApproveAll,
    Ask,
}

/// <summary>The words of policies, as files and answers have them.</summary>
public static class PolicyWords
{
    /// <summary>What is answered where nothing is enforced: the host's own default holds.</summary>
    public const string NoOpinion = "no-opinion";

    /// <summary>The kinds of permission requests that hosts send.</summary>
    public static readonly IReadOnlyList<string> Kinds =
        ["shell", "write", "mcp", "read", "url", "custom-tool", "memory", "hook"];

    /// <summary>What no table of tools knows, and no host claims.</summary>
    public const string UnknownKind = "unknown";

    internal static readonly string[] Harmful = ["shell", "write"];

    public static string Of(Ruling ruling) => Kebab(ruling.ToString());

    public static string Of(Preset preset) => Kebab(preset.ToString());

    public static IReadOnlyList<string> All<T>() where T : struct, Enum => [.. Enum.GetNames<T>().Select(Kebab)];

    internal static bool TryRead<T>(string word, out T value) where T : struct, Enum
    {
        var index = All<T>().ToList().IndexOf(word);
        value = index < 0 ? default : Enum.GetValues<T>()[index];
        return index >= 0;
    }

    private static string Kebab(string name) => string.Concat(name.Select((letter, index) =>
        char.IsUpper(letter) ? (index > 0 ? "-" : "") + char.ToLowerInvariant(letter) : letter.ToString()));
}

/// <summary>What a host asks, as far as a policy looks at it.</summary>
/// <param name="Source">As what its token reports: no claim.</param>
/// <param name="Kind">The kind of the host's own permission request: a claim.</param>
/// <param name="Permission">The permission request as the host's own kind has it.</param>
/// <param name="Input">What the tool would run with.</param>
/// <param name="IsAgentBound">The token is bound to the agent; else it is a claim.</param>
/// <param name="IsTaskBound">The same of the task.</param>
public sealed record PolicyRequest(
    string Tool, string Source, string? Kind = null, JsonElement? Permission = null, string? Tier = null,
    JsonElement? Input = null, string? Agent = null, bool IsAgentBound = false, string? Task = null,
    bool IsTaskBound = false)
{
    /// <summary>The windows that are open now for its task, agent, source and tool.</summary>
    public IReadOnlyList<string> OpenWindows { get; init; } = [];
}

/// <summary>What a policy says of a request.</summary>
/// <param name="Rule">The rule that matched; null for the preset.</param>
/// <param name="Kind">By which kind it was decided.</param>
public sealed record PolicyVerdict(Ruling Then, string? Rule, string Kind)
{
    /// <summary>What the host is shown of a rejection, or the person of a question.</summary>
    public string? Feedback { get; init; }

    /// <summary>How many persons approve what is asked.</summary>
    public int People { get; init; } = 1;

    /// <summary>Which persons may; all where none is named.</summary>
    public IReadOnlyList<string> Approvers { get; init; } = [];

    /// <summary>What a rule that only observes would have decided before it came to this one.</summary>
    public PolicyVerdict? Would { get; init; }

    internal int Strictness => (int)Then * 2 + (Then == Ruling.Ask && People > 1 ? 1 : 0);
}

/// <summary>
/// Who may run what: rules, of which the first that matches decides, and a preset where none does. Pure, so that a
/// test, a replay and every node say the same of the same request.
/// </summary>
/// <param name="Version">The SHA-256 of the file, in lower-case hex.</param>
/// <param name="Rules">In the order in which they are tried.</param>
public sealed record DecisionPolicy(string Version, Preset Preset, IReadOnlyList<PolicyRule> Rules)
{
    public static readonly TimeSpan LongestQuestion = TimeSpan.FromHours(24);

    /// <summary>Decides nothing, and says what would have been decided.</summary>
    public bool Observes { get; init; }

    /// <summary>What approve-safety makes of a kind that nobody knows.</summary>
    public Ruling Unknown { get; init; } = Ruling.Reject;

    /// <summary>Whether what a host claims of kind, agent and task counts for more than to be stricter.</summary>
    public bool TrustsClaims { get; init; }

    /// <summary>Globs of tools with the kind that each is; the first that matches counts.</summary>
    public IReadOnlyList<(PolicyGlob Tool, string Kind)> Tools { get; init; } = [];

    /// <summary>How long a question waits where the host says nothing.</summary>
    public TimeSpan QuestionsEndAfter { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How long after an approval a tool may begin.</summary>
    public TimeSpan ApprovalsHold { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Whether anybody has to look for windows.</summary>
    public bool AsksForWindows => Rules.Any(rule => rule.Window is not null);

    /// <summary>
    /// What a host claims may only tighten: the request is looked at with the claim and without it, and the strictest
    /// answer counts.
    /// </summary>
    public PolicyVerdict Decide(PolicyRequest request) =>
        Strictest([.. ViewsOf(request).Select(view => Decide(request, view, null))]);

    /// <summary>The same in sentences: of each rule why it does not match, and what decided.</summary>
    public (PolicyVerdict Verdict, IReadOnlyList<string> Steps) Explain(PolicyRequest request)
    {
        var all = ViewsOf(request).Select(view =>
        {
            var steps = new List<string>();
            return (Verdict: Decide(request, view, steps), Steps: steps);
        }).ToList();
        var strictest = all.MaxBy(one => one.Verdict.Strictness);
        return (Strictest([.. all.Select(one => one.Verdict)]), all.Count == 1 ? strictest.Steps
            : [.. strictest.Steps, "The strictest of what holds with the host's claims and without them counts."]);
    }

    /// <summary>By a claim more persons may be asked, and no others than without it.</summary>
    /// <param name="all">The first is what holds without the claims.</param>
    private static PolicyVerdict Strictest(IReadOnlyList<PolicyVerdict> all) =>
        all.MaxBy(verdict => verdict.Strictness)! is var strictest && all[0] is { Approvers: { Count: > 0 } approvers }
            ? strictest with { Approvers = approvers }
            : strictest;

    private PolicyVerdict Decide(PolicyRequest request, in View view, List<string>? steps)
    {
        PolicyVerdict? would = null;
        foreach (var rule in Rules)
        {
            var missed = rule.MissedBy(request, view);
            steps?.Add(missed is not null ? $"Rule \"{rule.Name}\" does not match: {missed}."
                : rule.Observes
                    ? $"Rule \"{rule.Name}\" matches and only observes: it would be {PolicyWords.Of(rule.Then)}."
                : $"Rule \"{rule.Name}\" matches, of the kind {view.Kind}: {PolicyWords.Of(rule.Then)}.");
            if (missed is not null)
            {
                continue;
            }

            var verdict = new PolicyVerdict(rule.Then, rule.Name, view.Kind)
            {
                Feedback = rule.Feedback, People = rule.People, Approvers = rule.Approvers, Would = would,
            };
            if (!rule.Observes)
            {
                return verdict;
            }

            would ??= verdict;
        }

        var preset = new PolicyVerdict(OfPreset(view.Kind), null, view.Kind) { Would = would };
        steps?.Add($"No rule decides; by the preset {PolicyWords.Of(Preset)} the kind {view.Kind} is "
            + $"{PolicyWords.Of(preset.Then)}.");
        return preset;
    }

    private Ruling OfPreset(string kind) => Preset switch
    {
        Preset.ApproveAll => Ruling.ApproveOnce,
        Preset.Ask => Ruling.Ask,
        Preset.ApproveSafety when PolicyWords.Harmful.Contains(kind) => Ruling.Reject,
        Preset.ApproveSafety when PolicyWords.Kinds.Contains(kind) => Ruling.ApproveOnce,
        Preset.ApproveSafety => Unknown,
        _ => Ruling.Reject,
    };

    private IEnumerable<View> ViewsOf(PolicyRequest request)
    {
        var known = KindOf(request.Tool);
        List<string> kinds = [known ?? (TrustsClaims ? request.Kind : null) ?? PolicyWords.UnknownKind];
        if (request.Kind is { } claimed && claimed != kinds[0])
        {
            kinds.Add(claimed);
        }

        var agent = TrustsClaims || request.IsAgentBound ? request.Agent : null;
        var task = TrustsClaims || request.IsTaskBound ? request.Task : null;
        foreach (var kind in kinds)
        {
            // A window is of a task and an agent: who only claims to be they is in none.
            yield return new View(kind, agent, task, HasWindows: task == request.Task && agent == request.Agent);
            if (agent != request.Agent || task != request.Task)
            {
                yield return new View(kind, request.Agent, request.Task, HasWindows: true);
            }
        }
    }

    /// <summary>What the table says of a tool.</summary>
    private string? KindOf(string tool)
    {
        foreach (var (glob, kind) in Tools)
        {
            if (glob.Matches(tool))
            {
                return kind;
            }
        }

        return null;
    }

    /// <summary>A request as it is taken to be.</summary>
    internal readonly record struct View(string Kind, string? Agent, string? Task, bool HasWindows);
}

/// <summary>A rule: all that it names must match.</summary>
/// <param name="Name">By which decisions cite it.</param>
public sealed record PolicyRule(string Name, Ruling Then)
{
    public const string OpenWindow = "open";
    public const string NoWindow = "none";

    public IReadOnlyList<PolicyGlob> Kinds { get; init; } = [];

    public IReadOnlyList<PolicyGlob> Tools { get; init; } = [];

    public IReadOnlyList<PolicyGlob> Tiers { get; init; } = [];

    public IReadOnlyList<PolicyGlob> Agents { get; init; } = [];

    public IReadOnlyList<PolicyGlob> Tasks { get; init; } = [];

    public IReadOnlyList<PolicyGlob> Sources { get; init; } = [];

    /// <summary>`open`, `none`, or the id of a window.</summary>
    public string? Window { get; init; }

    /// <summary>Where in the input which value must be.</summary>
    public IReadOnlyList<PolicyPath> Input { get; init; } = [];

    /// <summary>The same of the host's permission request.</summary>
    public IReadOnlyList<PolicyPath> Permission { get; init; } = [];

    /// <inheritdoc cref="PolicyVerdict.Feedback"/>
    public string? Feedback { get; init; }

    /// <inheritdoc cref="PolicyVerdict.People"/>
    public int People { get; init; } = 1;

    /// <inheritdoc cref="PolicyVerdict.Approvers"/>
    public IReadOnlyList<string> Approvers { get; init; } = [];

    /// <summary>Says what it would have decided, and lets the next rule decide.</summary>
    public bool Observes { get; init; }

    public bool Approves => Then < Ruling.Ask;

    internal bool IsUnconditional => Window is null
        && (Kinds.Count, Tools.Count, Tiers.Count, Agents.Count, Tasks.Count, Sources.Count, Input.Count,
            Permission.Count) == (0, 0, 0, 0, 0, 0, 0, 0);

    /// <returns>The condition that does not hold; null where all do.</returns>
    internal string? MissedBy(PolicyRequest request, in DecisionPolicy.View view) =>
        !Match(Kinds, view.Kind) ? "kind"
        : !Match(Tools, request.Tool) ? "tool"
        : !Match(Tiers, request.Tier) ? "tier"
        : !Match(Agents, view.Agent) ? "agent"
        : !Match(Tasks, view.Task) ? "task"
        : !Match(Sources, request.Source) ? "source"
        : !IsInWindow(view.HasWindows ? request.OpenWindows : []) ? "window"
        : !Input.All(path => path.Matches(request.Input)) ? "input"
        : !Permission.All(path => path.Matches(request.Permission)) ? "permission"
        : null;

    private bool IsInWindow(IReadOnlyList<string> open) => Window switch
    {
        null => true,
        OpenWindow => open.Count > 0,
        NoWindow => open.Count == 0,
        _ => open.Contains(Window),
    };

    private static bool Match(IReadOnlyList<PolicyGlob> globs, string? name) =>
        globs.Count == 0 || (name is not null && globs.Any(glob => glob.Matches(name)));
}

/// <summary>A glob that ignores case and takes any white space for one space, for so do those who evade one.</summary>
public sealed record PolicyGlob(string Text)
{
    private readonly string pattern = Fold(Text);

    public bool IsFree => pattern.AsSpan().ContainsAny('*', '?');

    public bool Matches(string name) => Glob.Matches(pattern, Fold(name));

    public override string ToString() => Text;

    private static string Fold(string text)
    {
        var folded = new StringBuilder(text.Length);
        foreach (var letter in text)
        {
            if (!char.IsWhiteSpace(letter))
            {
                folded.Append(char.ToLowerInvariant(letter));
            }
            else if (folded.Length == 0 || folded[^1] != ' ')
            {
                folded.Append(' ');
            }
        }

        return folded.ToString();
    }
}

/// <summary>
/// A place in a JSON value and what must be there: names with dots between, of all the elements of an array any; `*`
/// alone is any value anywhere.
/// </summary>
public sealed record PolicyPath(string Path, PolicyGlob Value)
{
    private const string Anywhere = "*";

    private readonly string[] steps = Path == Anywhere ? [] : Path.Split('.');

    internal bool Matches(JsonElement? json) =>
        json is { } value && (Path == Anywhere ? IsAnywhereIn(value) : IsAt(value, steps));

    private bool IsAt(JsonElement value, ReadOnlySpan<string> left)
    {
        if (value.ValueKind == JsonValueKind.Array)
        {
            foreach (var element in value.EnumerateArray())
            {
                if (IsAt(element, left))
                {
                    return true;
                }
            }

            return false;
        }

        return left.IsEmpty ? Holds(value)
            : value.ValueKind == JsonValueKind.Object && value.TryGetProperty(left[0], out var member)
                && IsAt(member, left[1..]);
    }

    private bool IsAnywhereIn(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => value.EnumerateObject().Any(member => IsAnywhereIn(member.Value)),
        JsonValueKind.Array => value.EnumerateArray().Any(IsAnywhereIn),
        _ => Holds(value),
    };

    private bool Holds(JsonElement value) =>
        Value.Matches(value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText());
}
