namespace Audit.Api.Acting;

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

/// <summary>What was asked for against what was executed, value by value.</summary>
public static class InputDifference
{
    private const int MostValues = 200;
    private const int Deepest = 12;

    /// <returns>Each value once by its path, in the order in which it first stands.</returns>
    public static IReadOnlyList<InputValue> Of(JsonElement? requested, JsonElement? effective)
    {
        var (before, after) = (Values(requested), Values(effective));
        return
        [
            .. before.Keys.Union(after.Keys).Take(MostValues).Select(path => new InputValue(
                path, before.GetValueOrDefault(path), after.GetValueOrDefault(path),
                effective is not null && requested is not null)),
        ];
    }

    /// <summary>Null where nothing is given, or what is given cannot be read.</summary>
    public static JsonElement? Read(ReadOnlySpan<byte> input)
    {
        try
        {
            return !input.IsEmpty && JsonElement.Parse(input) is { ValueKind: not JsonValueKind.Null } given ? given : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static Dictionary<string, string> Values(JsonElement? input)
    {
        var values = new Dictionary<string, string>();
        if (input is { } element)
        {
            Collect(element, "", 0, values);
        }

        return values;
    }

    private static void Collect(JsonElement element, string path, int depth, Dictionary<string, string> values)
    {
        if (values.Count >= MostValues)
        {
            return;
        }

        switch (element.ValueKind)
        {
            case JsonValueKind.Object when depth < Deepest && element.EnumerateObject().Any():
                foreach (var member in element.EnumerateObject())
                {
                    Collect(member.Value, path.Length == 0 ? member.Name : $"{path}.{member.Name}", depth + 1, values);
                }

                break;
            case JsonValueKind.Array when depth < Deepest && element.GetArrayLength() > 0:
                var index = 0;
                foreach (var item in element.EnumerateArray())
                {
                    Collect(item, $"{path}[{index++}]", depth + 1, values);
                }

                break;
            case JsonValueKind.String:
                values[path] = element.GetString()!;
                break;
            default:
                values[path] = element.GetRawText();
                break;
        }
    }
}

/// <param name="AreBothKnown">There is an input of both kinds, so that a missing value says something.</param>
public sealed record InputValue(string Path, string? Requested, string? Effective, bool AreBothKnown)
{
    public string Change =>
        !AreBothKnown || Requested == Effective ? "same"
        : Requested is null ? "added"
        : Effective is null ? "removed"
        : "changed";
}
