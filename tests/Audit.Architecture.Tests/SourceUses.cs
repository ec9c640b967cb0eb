using System.Text.RegularExpressions;

namespace Audit.Architecture.Tests;

/// <summary>A source file: where it lies, and which namespace its folder asks for.</summary>
internal sealed record SourceFile(string Path, string Folder, string Text)
{
    /// <summary>The sources below a folder of the repository, as `src/Audit.Journal`.</summary>
    public static IReadOnlyList<SourceFile> Below(string folder) =>
    [
        .. Repository.Files()
            .Where(file => file.StartsWith(folder + '/', StringComparison.Ordinal))
            .Where(file => System.IO.Path.GetExtension(file) is ".cs" or ".razor")
            .Order(StringComparer.Ordinal)
            .Select(file => new SourceFile(file, FolderOf(file), File.ReadAllText(Repository.PathOf(file)))),
    ];

    // Of a class that is there twice, in WithAkka and WithoutAkka, a build has one.
    private static string FolderOf(string file) =>
        string.Join('.', file.Split('/')[1..^1].Where(part => part is not ("WithAkka" or "WithoutAkka")));
}

/// <summary>
/// What folders of a room use of each other by what stands in the sources and not in the compiled file: directives,
/// constants that the compiler copies, names in `nameof`.
/// </summary>
internal static partial class SourceUses
{
    public static IEnumerable<FolderUse> Read(IReadOnlyList<SourceFile> files, IReadOnlyList<RoomType> types)
    {
        var folders = files.Select(file => file.Folder).Concat(types.Select(type => type.Folder)).ToHashSet();
        var typesByName = types.ToLookup(type => type.Name);
        var everywhere = files.Where(file => file.Path.EndsWith("_Imports.razor", StringComparison.Ordinal))
            .SelectMany(file => Directives(file, folders, types))
            .ToHashSet();
        foreach (var file in files.Where(file => !file.Path.EndsWith("_Imports.razor", StringComparison.Ordinal)))
        {
            var directives = Directives(file, folders, types).ToHashSet();
            foreach (var used in directives.Where(used => used != file.Folder))
            {
                yield return new FolderUse(file.Folder, used, $"{file.Path} has a directive of {used}");
            }

            bool Sees(string folder) => IsInside(file.Folder, folder) || directives.Contains(folder)
                || everywhere.Contains(folder);
            foreach (var type in NamedTypes(file, typesByName, Sees).Where(type => type.Folder != file.Folder))
            {
                yield return new FolderUse(file.Folder, type.Folder, $"{file.Path} names {type.Folder}.{type.Name}");
            }
        }
    }

    private static IEnumerable<string> Directives(
        SourceFile file, HashSet<string> folders, IReadOnlyList<RoomType> types) =>
        Directive().Matches(file.Text)
            .SelectMany(match => Enclosing(file.Folder).Select(outer => outer + match.Groups["name"].Value))
            .Select(name => folders.Contains(name)
                ? name
                : types.FirstOrDefault(type => $"{type.Folder}.{type.Name}" == name)?.Folder)
            .OfType<string>();

    private static IEnumerable<RoomType> NamedTypes(
        SourceFile file, ILookup<string, RoomType> typesByName, Func<string, bool> sees)
    {
        var code = Comment().Replace(file.Text, "");
        var names = Chain().Matches(code)
            .Select(match => (Parts: match.Value.Split('.'), IsNameof: false))
            .Concat(
                Nameof().Matches(code).Select(match => (Parts: match.Groups["name"].Value.Split('.'), IsNameof: true)));
        foreach (var (parts, isNameof) in names)
        {
            for (var at = 0; at < parts.Length; at++)
            {
                var member = at + 1 < parts.Length ? parts[at + 1] : null;
                var qualifier = string.Join('.', parts[..at]);
                var found = typesByName[parts[at]]
                    .Where(type => isNameof || (member is not null && type.Constants.Contains(member)))
                    .Where(type => sees(type.Folder) || IsQualified(type, qualifier))
                    .OrderByDescending(type => type.Folder == file.Folder)
                    .FirstOrDefault();
                if (found is not null)
                {
                    yield return found;
                }
            }
        }
    }

    private static bool IsQualified(RoomType type, string qualifier) =>
        qualifier.Length > 0 && $".{type.Folder}".EndsWith($".{qualifier}", StringComparison.Ordinal);

    private static bool IsInside(string folder, string outer) =>
        $"{folder}.".StartsWith($"{outer}.", StringComparison.Ordinal);

    /// <summary>What may stand, unsaid, before a name: nothing, or the namespace or one around it.</summary>
    private static IEnumerable<string> Enclosing(string folder)
    {
        yield return "";
        for (var end = folder.Length; end > 0; end = folder.LastIndexOf('.', end - 1))
        {
            yield return folder[..end] + '.';
        }
    }

    [GeneratedRegex(
        @"^\s*@?(?:global\s+)?using\s+(?:static\s+)?(?:\w+\s*=\s*)?(?:global::)?(?<name>[A-Z]\w*(?:\.\w+)*)"
        + @"(?:<[^;\n]*>)?\s*(?:;|\r?$)",
        RegexOptions.Multiline)]
    private static partial Regex Directive();

    [GeneratedRegex(@"^\s*//.*$|\s// .*$", RegexOptions.Multiline)]
    private static partial Regex Comment();

    [GeneratedRegex(@"(?<![\w.])[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")]
    private static partial Regex Chain();

    [GeneratedRegex(@"\bnameof\(\s*(?:global::)?(?<name>[\w.]+)")]
    private static partial Regex Nameof();
}
