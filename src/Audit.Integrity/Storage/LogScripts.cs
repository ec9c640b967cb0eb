using System.Data.Common;
using System.Globalization;

namespace Audit.Integrity.Storage;

/// <summary>The numbered scripts that make the log's tables.</summary>
internal static class LogScripts
{
    /// <summary>Runs what the store still lacks, within the caller's transaction.</summary>
    /// <exception cref="StoreException">The tables were made by a newer program.</exception>
    public static async Task ApplyAsync(
        DbConnection connection, DbTransaction transaction, ILogDatabase database, string folder, CancellationToken cancellation)
    {
        var versions = $"{database.Schema}schema_version";
        var create = $"CREATE TABLE IF NOT EXISTS {versions} (version INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL)";
        await RunAsync(connection, transaction, create, cancellation);
        var scripts = Of(folder);
        var version = await VersionAsync(connection, transaction, versions, cancellation);
        if (version > scripts.Count)
        {
            throw new StoreException(
                $"The log in {database.Place} has schema version {version}; this program knows versions up to {scripts.Count}. " +
                "Use the newer program that made it.");
        }
        for (var next = version; next < scripts.Count; next++)
        {
            await RunAsync(connection, transaction, scripts[next].Sql, cancellation);
            var note = string.Create(
                CultureInfo.InvariantCulture, $"INSERT INTO {versions} VALUES ({next + 1}, '{scripts[next].Name}')");
            await RunAsync(connection, transaction, note, cancellation);
        }
    }

    private static async Task<int> VersionAsync(
        DbConnection connection, DbTransaction transaction, string versions, CancellationToken cancellation)
    {
        await using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = $"SELECT coalesce(max(version), 0) FROM {versions}";
        var version = await command.ExecuteScalarAsync(cancellation);
        return Convert.ToInt32(version, CultureInfo.InvariantCulture);
    }

    private static async Task RunAsync(
        DbConnection connection, DbTransaction transaction, string sql, CancellationToken cancellation)
    {
        await using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private static List<(string Name, string Sql)> Of(string folder)
    {
        var assembly = typeof(LogScripts).Assembly;
        var prefix = $"Audit.Integrity.Storage.{folder}.Scripts.";
        return
        [
            .. assembly.GetManifestResourceNames()
                .Where(name => name.StartsWith(prefix, StringComparison.Ordinal))
                .Order(StringComparer.Ordinal)
                .Select(name =>
                {
                    using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
                    return (Path.GetFileNameWithoutExtension(name[prefix.Length..]), reader.ReadToEnd());
                }),
        ];
    }
}
