namespace Audit.Projections.Stores;

/// <summary>
/// The numbered scripts that make a read store. Their number is its version: whoever changes what a row says adds a script,
/// and every store of another version is thrown away and rebuilt.
/// </summary>
internal static class ReadScripts
{
    public static long Version(string folder) => NamesOf(folder).Count;

    public static string All(string folder) => string.Join("\n", NamesOf(folder).Select(Read));

    private static List<string> NamesOf(string folder) =>
    [
        .. typeof(ReadScripts).Assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith($"Audit.Projections.{folder}.Scripts.", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal),
    ];

    private static string Read(string name)
    {
        using var reader = new StreamReader(typeof(ReadScripts).Assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }
}
