namespace Audit.Projections.Stores;

/// <summary>
/// What is kept in a read store, and under which names: the read models and the text index lie apart, and are fed
/// apart.
/// </summary>
/// <param name="What">As sentences for people name it.</param>
/// <param name="FileSuffix">Of the SQLite file beside the journal.</param>
/// <param name="SqliteScripts">
/// That make it. Their number is its version: whoever changes what a row says adds a script, and every store of another
/// version is thrown away and rebuilt.
/// </param>
/// <param name="SqliteSettings">Beside those of every file.</param>
/// <param name="PostgresSettings">Of each session, beside those of every store.</param>
/// <param name="Schema">Of PostgreSQL.</param>
internal sealed record ReadStoreKind(
    string What, string FileSuffix, SchemaScripts SqliteScripts, string SqliteSettings, SchemaScripts PostgresScripts,
    string PostgresSettings, string Schema, AdvisoryLock LeadLock, AdvisoryLock RebuildLock)
{
    public static readonly ReadStoreKind Models = new(
        "read models", "-read.db", Scripts("Sqlite"), "PRAGMA page_size = 8192; PRAGMA cache_size = -4096;",
        Scripts("Postgres"), "", "audit_read", AdvisoryLock.ReadModelsLead, AdvisoryLock.ReadModelsRebuild);

    // Pages of the index are read and written in long runs. On PostgreSQL the list of what waits is worked in by
    // whoever fills it: in as many rounds as it takes with the memory that the session has, and longer than a command
    // may take by default.
    public static readonly ReadStoreKind Search = new(
        "text index", "-search.db", Scripts("Sqlite.Search"), "PRAGMA page_size = 16384; PRAGMA cache_size = -4096;",
        Scripts("Postgres.Search"), "SET work_mem = '128MB'; SET maintenance_work_mem = '128MB'", "audit_search",
        AdvisoryLock.TextIndexLead, AdvisoryLock.TextIndexRebuild)
    {
        CommandSeconds = 600,
    };

    /// <summary>How long PostgreSQL may take for one command.</summary>
    public int CommandSeconds { get; init; } = 30;

    public string NextSchema => Schema + "_next";

    /// <summary>0 while nothing is made.</summary>
    public const string VersionSql = "SELECT coalesce(max(version), 0) FROM version";

    /// <summary>Numbers of another version may mean something else.</summary>
    /// <exception cref="ReadModelsException">What was found is not what this program reads.</exception>
    public void Check(long found, SchemaScripts read)
    {
        if (found != read.Version)
        {
            throw new ReadModelsException(found == 0
                ? $"There is nothing of the {What} yet."
                : $"The version of the {What} is {found}, and this program reads {read.Version}: another program feeds "
                    + "them. Once none of its nodes runs, a node of this one makes its own.");
        }
    }

    private static SchemaScripts Scripts(string folder) => new(typeof(ReadStoreKind).Assembly, folder);
}
