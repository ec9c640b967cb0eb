using FsCheck;
using FsCheck.Fluent;

namespace Audit.Lifecycle.Tests.Json;

/// <summary>The same JSON twice: as short as it can be, and with whitespace wherever it may stand.</summary>
internal sealed record JsonTexts(string Compact, string Spaced)
{
    private static readonly Gen<string> Space = Gen.Elements("", "", " ", "\n", "\t", "\r\n", "    ");

    public static Gen<JsonTexts> Any { get; } = Value(4);

    private static Gen<JsonTexts> Value(int depth) => depth == 0
        ? Leaf()
        : Gen.Frequency((2, Leaf()), (2, List(depth)), (3, Object(depth)));

    private static Gen<JsonTexts> Leaf() =>
        WithSpace(Gen.Elements(
            "0", "-12.5e+3", "true", "false", "null", "\"\"", "\" \"", "\"a b\\n\\\"c \\\\\"", "\"é 😀\"", "\"\\ud83d\\ude00 \\u0020\"",
            "\"{ [ : , ] }\""));

    private static Gen<JsonTexts> List(int depth) =>
        from count in Gen.Choose(0, 4)
        from items in Value(depth - 1).ListOf(count)
        from space in Space
        select new JsonTexts(
            $"[{string.Join(',', items.Select(item => item.Compact))}]",
            $"[{space}{string.Join(',', items.Select(item => item.Spaced))}{space}]");

    private static Gen<JsonTexts> Object(int depth) =>
        from count in Gen.Choose(0, 4)
        from values in Value(depth - 1).ListOf(count)
        from space in Space
        select new JsonTexts(
            $"{{{string.Join(',', values.Select((value, index) => $"\"k {index}\":{value.Compact}"))}}}",
            $"{{{space}{string.Join(',', values.Select((value, index) => $"\"k {index}\"{space}:{value.Spaced}"))}{space}}}");

    private static Gen<JsonTexts> WithSpace(Gen<string> leaf) =>
        from text in leaf
        from before in Space
        from after in Space
        select new JsonTexts(text, before + text + after);
}
