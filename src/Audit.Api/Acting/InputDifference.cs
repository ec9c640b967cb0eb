namespace Audit.Api.Acting;

/// <summary>What was asked for against what was executed, value by value.</summary>
public static class InputDifference
{
    private const int MostValues = 200;
    private const int Deepest = 12;
    private const int LongestName = 80;

    /// <returns>Each value once by its path, in the order in which it first stands.</returns>
    public static InputValues Of(JsonElement? requested, JsonElement? effective)
    {
        var (before, after) = (new Values(requested), new Values(effective));
        var paths = before.Texts.Keys.Union(after.Texts.Keys).ToList();
        return new InputValues(
            [
                .. paths.Take(MostValues).Select(path => new InputValue(
                    path, before.Texts.GetValueOrDefault(path), after.Texts.GetValueOrDefault(path),
                    effective is not null && requested is not null)),
            ],
            Math.Max(Math.Max(before.Count, after.Count), paths.Count) - Math.Min(paths.Count, MostValues));
    }

    /// <summary>Null where nothing is given, or what is given cannot be read.</summary>
    public static JsonElement? Read(ReadOnlySpan<byte> input)
    {
        try
        {
            return !input.IsEmpty && JsonElement.Parse(input) is { ValueKind: not JsonValueKind.Null } given
                ? given : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>A name as it stands in a path: no two names make the same path.</summary>
    private static string NameOf(string name, int index) =>
        name.Length > LongestName ? string.Create(CultureInfo.InvariantCulture, $"{name[..LongestName]}…#{index}")
        : name.Length > 0 && name.AsSpan().IndexOfAny(" .[]\"…\\") < 0 && !name.Any(char.IsControl) ? name
        : $"\"{name.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";

    /// <summary>What one input holds. Twice as much is kept as is shown, as both may have others.</summary>
    private sealed class Values
    {
        public Values(JsonElement? input)
        {
            if (input is { } element)
            {
                Collect(element, "", 0);
            }
        }

        public Dictionary<string, string> Texts { get; } = [];

        /// <summary>Of all, also those that are not kept.</summary>
        public int Count { get; private set; }

        private void Collect(JsonElement element, string path, int depth)
        {
            switch (element.ValueKind)
            {
                case JsonValueKind.Object when depth < Deepest && element.EnumerateObject().Any():
                    var place = 0;
                    foreach (var member in element.EnumerateObject())
                    {
                        Collect(member.Value, PathOf(path, member, place++), depth + 1);
                    }

                    break;
                case JsonValueKind.Array when depth < Deepest && element.GetArrayLength() > 0:
                    var index = 0;
                    foreach (var item in element.EnumerateArray())
                    {
                        Collect(item, IsFull ? "" : $"{path}[{index++}]", depth + 1);
                    }

                    break;
                default:
                    Count++;
                    if (!IsFull)
                    {
                        Texts[path] = element.ValueKind == JsonValueKind.String
                            ? element.GetString()! : element.GetRawText();
                    }

                    break;
            }
        }

        private bool IsFull => Texts.Count >= 2 * MostValues;

        private string PathOf(string path, JsonProperty member, int place) =>
            IsFull ? "" : path.Length == 0 ? NameOf(member.Name, place) : $"{path}.{NameOf(member.Name, place)}";
    }
}

/// <summary>The values of an input, as many as are shown.</summary>
/// <param name="More">How many there are besides.</param>
public sealed record InputValues(IReadOnlyList<InputValue> Values, int More)
{
    public static readonly InputValues None = new([], 0);
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
