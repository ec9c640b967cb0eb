using System.Reflection;

namespace Audit.Storage;

/// <summary>One numbered script that brings tables from one version to the next.</summary>
public sealed record SchemaScript(int Version, string Name, string Sql);

/// <summary>The numbered scripts that a room has embedded from one of its folders, in order.</summary>
public sealed class SchemaScripts
{
    private readonly List<SchemaScript> scripts;

    /// <param name="folder">With dots between its parts; the scripts lie in `Scripts` below it.</param>
    public SchemaScripts(Assembly room, string folder)
    {
        var prefix = $"{room.GetName().Name}.{folder}.Scripts.";
        scripts =
        [
            .. room.GetManifestResourceNames()
                .Where(name => name.StartsWith(prefix, StringComparison.Ordinal))
                .Order(StringComparer.Ordinal)
                .Select(name => Read(room, name, name[prefix.Length..])),
        ];
        if (scripts.Count == 0 || scripts.Index().Any(script => script.Item.Version != script.Index + 1))
        {
            throw new InvalidOperationException(
                $"The schema scripts of {folder} are not numbered from 1 without a gap.");
        }
    }

    /// <summary>The version that they make.</summary>
    public int Version => scripts.Count;

    /// <summary>All of them in one.</summary>
    public string Sql => string.Join("\n", scripts.Select(script => script.Sql));

    /// <summary>Runs what the tables still lack, each with a note in the table of versions.</summary>
    /// <param name="session">In a transaction that one program at a time can run.</param>
    /// <param name="table">The table of versions, which is there.</param>
    /// <param name="appliedAt">What it says of the time, in SQL; null where it has no such column.</param>
    /// <param name="what">Whose tables they are, to begin a sentence with.</param>
    /// <exception cref="StoreException">The tables were made by a newer or a much older program.</exception>
    public async Task ApplyAsync(
        IStoreSession session, string table, string? appliedAt, string what, CancellationToken cancellation)
    {
        var found = await session.QueryAsync(
            $"SELECT version, name FROM {table} ORDER BY version", [], row => (row.Number(0), Name: row.Text(1)),
            cancellation);
        var version = found.Count == 0 ? 0 : found[^1].Item1;
        if (version > Version)
        {
            throw new StoreException(
                $"{what} has schema version {version}; this program knows versions up to {Version}. " +
                "Use the newer program that made it.");
        }

        if (found.FirstOrDefault(one => scripts[(int)one.Item1 - 1].Name != one.Name) is { Name: { } other })
        {
            throw new StoreException(
                $"{what} was begun by a program before the first release (its \"{other}\"), whose rows this one does "
                    + "not "
                + "read: begin with an empty store.");
        }

        var values = appliedAt is null ? "$1, $2" : $"$1, $2, {appliedAt}";
        foreach (var script in scripts.Skip((int)version))
        {
            await session.RunScriptAsync(script.Sql, cancellation);
            await session.ExecuteAsync(
                $"INSERT INTO {table} VALUES ({values})", [(long)script.Version, script.Name], cancellation);
        }
    }

    /// <summary>Those that come behind a version.</summary>
    public IReadOnlyList<string> NamesAfter(long version) => [.. scripts.Skip((int)version).Select(one => one.Name)];

    private static SchemaScript Read(Assembly room, string resource, string file)
    {
        using var reader = new StreamReader(room.GetManifestResourceStream(resource)!);
        var version = int.Parse(file.AsSpan(0, file.IndexOf('_')), CultureInfo.InvariantCulture);
        return new SchemaScript(version, Path.GetFileNameWithoutExtension(file), reader.ReadToEnd());
    }
}
