namespace Audit.Api.Acting;

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
