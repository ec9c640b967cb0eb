using System.Collections.Concurrent;
using Audit.Api.Diary;

namespace Audit.Api.Acting;

/// <summary>A policy as it holds now.</summary>
/// <param name="Policy">Null where no file was given: nothing is enforced.</param>
/// <param name="Text">The file as it lies there.</param>
/// <param name="Trouble">Why the file as it is now does not hold; then the last one that could be read goes on.</param>
internal sealed record PolicyNow(DecisionPolicy? Policy, string Text, string? Trouble)
{
    /// <summary>`none`, `observe` or `enforce`.</summary>
    public string Mode => Policy is null ? "none" : Policy.Observes ? "observe" : "enforce";

    /// <summary>What that means for who asks.</summary>
    public string Meaning => Mode switch
    {
        "enforce" => "The policy decides what hosts ask; any answer but one that approves refuses.",
        "observe" => "Nothing but stops is enforced: what hosts ask is answered no-opinion, their own default holds, "
            + "and the book has what the policy would have decided.",
        _ => "Nothing but stops is enforced: what hosts ask is recorded and answered no-opinion, and their own default "
            + "holds. With --policy FILE the node decides.",
    };

    /// <summary>How health shows it.</summary>
    public string State => Trouble is null ? Mode : "broken";

    /// <summary>What the rule says that asked; null where it says nothing, or another version holds by now.</summary>
    public string? WordsOf(PolicyMark asked) => Policy is null || Policy.Version != asked.Version ? null
        : Policy.Rules.FirstOrDefault(rule => rule.Name == asked.Rule)?.Feedback;
}

/// <summary>
/// The policy of the node. Its file is looked at whenever somebody asks, so that a change holds for the next question;
/// what is broken is heard, and changes nothing.
/// </summary>
internal sealed partial class PolicyBook(
    ApiSettings settings, IAuditStore store, OperatorActs acts, FailureLog failures, ILogger<PolicyBook> log)
{
    private const string Used = "policy.used";
    private const string Version = "version";

    private readonly Lock gate = new();
    private readonly SemaphoreSlim turn = new(1);
    private readonly ConcurrentDictionary<string, bool> written = new();
    private readonly ActReader reader = new(store.Journal);
    private (DateTime At, long Length) seen;
    private PolicyNow now = new(null, "", null);

    /// <summary>Says in the log what holds from the start, also where nobody gave a policy.</summary>
    public void Begin()
    {
        if (Now is { Mode: not "enforce" } known)
        {
            LogObserves(known.Mode, known.Meaning);
        }
    }

    public PolicyNow Now
    {
        get
        {
            if (settings.PolicyFile is null)
            {
                return now;
            }

            lock (gate)
            {
                return now = Look(settings.PolicyFile);
            }
        }
    }

    /// <summary>Has it in the book what the policy says, before anything is decided by it.</summary>
    /// <exception cref="JournalUnavailableException">It is not known whether it was written.</exception>
    public async ValueTask WriteDownAsync(PolicyNow used, CancellationToken cancellation)
    {
        if (used.Policy is not { } policy || written.ContainsKey(policy.Version))
        {
            return;
        }

        await turn.WaitAsync(cancellation);
        try
        {
            await reader.ReadOnAsync(StreamNames.Policies, Take, cancellation);
            if (!written.ContainsKey(policy.Version))
            {
                await acts.WriteFactsAsync(
                    StreamNames.Policies, Used, OperatorActs.Node,
                    json => json.WriteString(Version, policy.Version),
                    json => json.WriteString("file", used.Text));
                written[policy.Version] = true;
            }
        }
        finally
        {
            turn.Release();
        }
    }

    private void Take(EventView view)
    {
        if (view.IsObject(EventField.Facts))
        {
            var facts = JsonElement.Parse(view.Raw(EventField.Facts));
            written[facts.GetProperty(Version).GetString()!] = true;
        }
    }

    private PolicyNow Look(string file)
    {
        try
        {
            var there = new FileInfo(file);
            var stamp = there.Exists ? (there.LastWriteTimeUtc, there.Length) : default;
            if (there.Exists && stamp == seen)
            {
                return now;
            }

            seen = stamp;
            var bytes = File.ReadAllBytes(file);
            var policy = PolicyFile.Parse(bytes);
            if (policy.Version != now.Policy?.Version)
            {
                LogHolds(policy.Version, policy.Rules.Count);
            }

            return new PolicyNow(policy, Encoding.UTF8.GetString(bytes), null);
        }
        catch (Exception wrong) when (wrong is UnreadableException or IOException or UnauthorizedAccessException)
        {
            var trouble = $"The policy {file} cannot be used: {wrong.Message}";
            if (trouble != now.Trouble)
            {
                failures.Report("policy file", new InvalidDataException(trouble, wrong));
            }

            // What cannot be opened may be opened later without having been changed.
            seen = wrong is UnreadableException ? seen : default;

            // A node that was started with a policy never goes on without one.
            return now with { Policy = now.Policy ?? PolicyFile.Parse("{}"u8.ToArray()), Trouble = trouble };
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The policy {Version} with {Rules} rules holds from now on")]
    private partial void LogHolds(string version, int rules);

    [LoggerMessage(Level = LogLevel.Information, Message = "Decisions are in the mode {Mode}. {Meaning}")]
    private partial void LogObserves(string mode, string meaning);
}

/// <summary>`/v1/policy`: what decides now, and how such a file is written.</summary>
internal sealed class PolicyEndpoints(PolicyBook policies) : IEndpointGroup
{
    private static readonly byte[] Schema = Encoding.UTF8.GetBytes(PolicySchema.Text);

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.Get("/v1/policy/schema", SchemaAsync, Roles.Any, "The JSON Schema of a policy file.")
            .Scoped(Scope.Public);
        routes.Get("/v1/policy", GetAsync, Roles.Read | Roles.Approve, "Shows the policy that decides now.")
            .Produces<PolicyAnswer>().Scoped(Scope.Unbound);
    }

    private static Task<IResult> SchemaAsync(HttpContext context) =>
        Task.FromResult(Reply.Content(Schema, "application/schema+json"));

    private Task<IResult> GetAsync(HttpContext context)
    {
        var now = policies.Now;
        return Task.FromResult(Reply.Json(new PolicyAnswer(
            now.Mode, now.Meaning, now.Policy?.Version, now.Trouble,
            now.Policy is null ? null : JsonElement.Parse(now.Text is "" ? "{}" : now.Text))));
    }
}

/// <summary>A version of the policy.</summary>
/// <param name="Position">Of the row that has it; null where nothing was decided by it yet.</param>
/// <param name="File">As it was read.</param>
internal sealed record PolicyVersion(string Version, long? Position, Timestamp? At, string File)
{
    private const int LeastLetters = 12;

    /// <returns>Null for a row that tells of no version.</returns>
    public static PolicyVersion? Of(JournalRow row)
    {
        var view = EventReader.ViewOf(row);
        return view.IsObject(EventField.Facts) && view.IsObject(EventField.Detail)
            && JsonElement.Parse(view.Raw(EventField.Facts)).GetProperty("version").GetString() is { } version
            && JsonElement.Parse(view.Raw(EventField.Detail)).GetProperty("file").GetString() is { } file
                ? new PolicyVersion(
                    version, row.Position, Timestamp.From(new DateTime(row.CreatedTicks, DateTimeKind.Utc)), file)
                : null;
    }

    /// <returns>Null where there was none yet at that moment.</returns>
    /// <exception cref="RefusedException">There is no such version, or it is no moment.</exception>
    public static PolicyVersion? Find(IReadOnlyList<PolicyVersion> versions, string name, string text)
    {
        if (text.Length >= LeastLetters && text.All(char.IsAsciiHexDigitLower))
        {
            return versions.LastOrDefault(one => one.Version.StartsWith(text, StringComparison.Ordinal))
                ?? throw QueryReader.Refusal(
                    name, $"no version of the policy begins with \"{text}\"; there are "
                        + $"{string.Join(", ", versions.TakeLast(10).Select(one => one.Version[..LeastLetters]))}.");
        }

        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var position)
            ? versions.LastOrDefault(one => one.Position <= position)
            : Rfc3339.TryParse(text, out var time) ? versions.LastOrDefault(one => one.At <= time)
            : throw QueryReader.Refusal(
                name,
                $"a version of the policy, a position of the journal or an RFC 3339 time is expected, not \"{text}\".");
    }
}

/// <summary>Which settings, tools and rules differ between two files of a policy.</summary>
internal static class PolicyDifference
{
    private const string Rules = "rules", Tools = "tools", Name = "name";

    /// <param name="before">Null where there was none.</param>
    public static IEnumerable<ChangeAnswer> Of(string? before, string? after)
    {
        var (was, now) = (Read(before), Read(after));
        return
        [
            .. Members("setting", Without(was), Without(now)),
            .. Members("tool", MembersOf(was, Tools), MembersOf(now, Tools)), .. OfRules(was, now),
        ];
    }

    private static IEnumerable<ChangeAnswer> OfRules(JsonElement was, JsonElement now)
    {
        var (before, after) = (RulesOf(was), RulesOf(now));
        var stays = after.Keys.Where(before.ContainsKey).ToList();
        var stayed = before.Keys.Where(after.ContainsKey).ToList();
        foreach (var name in before.Keys.Except(after.Keys))
        {
            yield return new ChangeAnswer("rule", name, "removed") { Before = before[name].GetRawText() };
        }

        foreach (var (name, rule) in after)
        {
            if (!before.TryGetValue(name, out var known))
            {
                yield return new ChangeAnswer("rule", name, "added") { After = rule.GetRawText() };
                continue;
            }

            foreach (var member in Members("rule", MembersOf(known), MembersOf(rule)))
            {
                yield return member with { Id = name, Name = member.Id, Change = "changed" };
            }

            // The first rule that matches decides.
            if (stays.IndexOf(name) is var place && stayed.IndexOf(name) is var old && place != old)
            {
                yield return new ChangeAnswer("rule", name, "moved")
                {
                    Before = $"place {old + 1}", After = $"place {place + 1}",
                };
            }
        }
    }

    private static IEnumerable<ChangeAnswer> Members(
        string what, Dictionary<string, JsonElement> before, Dictionary<string, JsonElement> after) =>
        before.Keys.Union(after.Keys)
            .Select(name => (
                Name: name, Was: before.TryGetValue(name, out var was) ? was.GetRawText() : null,
                Now: after.TryGetValue(name, out var now) ? now.GetRawText() : null))
            .Where(one => one.Was != one.Now)
            .Select(one => new ChangeAnswer(
                what, one.Name, one.Was is null ? "added" : one.Now is null ? "removed" : "changed")
            {
                Before = one.Was, After = one.Now,
            });

    private static Dictionary<string, JsonElement> Without(JsonElement policy) =>
        MembersOf(policy).Where(member => member.Key is not (Rules or Tools)).ToDictionary();

    private static Dictionary<string, JsonElement> RulesOf(JsonElement policy) =>
        policy.TryGetProperty(Rules, out var rules) && rules.ValueKind == JsonValueKind.Array
            ? rules.EnumerateArray().Where(rule => rule.TryGetProperty(Name, out _))
                .DistinctBy(rule => rule.GetProperty(Name).ToString())
                .ToDictionary(rule => rule.GetProperty(Name).ToString())
            : [];

    private static Dictionary<string, JsonElement> MembersOf(JsonElement policy, string name) =>
        policy.TryGetProperty(name, out var members) ? MembersOf(members) : [];

    private static Dictionary<string, JsonElement> MembersOf(JsonElement members) =>
        members.ValueKind == JsonValueKind.Object
            ? members.EnumerateObject().ToDictionary(member => member.Name, member => member.Value) : [];

    private static JsonElement Read(string? file)
    {
        try
        {
            return JsonElement.Parse(string.IsNullOrEmpty(file) ? "{}" : file);
        }
        catch (JsonException)
        {
            // What redaction takes may be half of what makes it readable.
            throw new RefusedException(Problem.Unprocessable(
                "A version is not JSON any more as the book has it, for a part of it was redacted: it cannot be compared."));
        }
    }
}
