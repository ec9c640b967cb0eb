using System.Globalization;

namespace Audit.Journal;

/// <summary>One numbered script that brings a store's tables from one version to the next.</summary>
internal sealed record SchemaScript(int Version, string Name, string Sql)
{
    /// <summary>The scripts embedded from a folder of this room, in order.</summary>
    public static IReadOnlyList<SchemaScript> Of(string folder)
    {
        var assembly = typeof(SchemaScript).Assembly;
        var prefix = $"Audit.Journal.{folder}.Scripts.";
        var scripts = assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(prefix, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(name => Read(name, name[prefix.Length..]))
            .ToList();
        for (var i = 0; i < scripts.Count; i++)
        {
            if (scripts[i].Version != i + 1)
            {
                throw new InvalidOperationException($"The schema scripts of {folder} are not numbered from 1 without a gap.");
            }
        }
        return scripts;
    }

    /// <summary>The scripts that a store at this version still needs.</summary>
    /// <exception cref="StoreException">The store was made by a newer program.</exception>
    public static IEnumerable<SchemaScript> After(string folder, long version, string place)
    {
        var scripts = Of(folder);
        if (version > scripts.Count)
        {
            throw new StoreException(
                $"The store {place} has schema version {version}; this program knows versions up to {scripts.Count}. " +
                "Use the newer program that made it.");
        }
        return scripts.Skip((int)version);
    }

    private static SchemaScript Read(string resource, string file)
    {
        using var reader = new StreamReader(typeof(SchemaScript).Assembly.GetManifestResourceStream(resource)!);
        var version = int.Parse(file.AsSpan(0, file.IndexOf('_')), CultureInfo.InvariantCulture);
        return new SchemaScript(version, Path.GetFileNameWithoutExtension(file), reader.ReadToEnd());
    }
}
