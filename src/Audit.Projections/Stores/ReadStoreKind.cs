namespace Audit.Projections.Stores;

/// <summary>What is kept in a read store, and under which names: the read models and the text index lie apart, and are fed apart.</summary>
/// <param name="What">As sentences for people name it.</param>
/// <param name="FileSuffix">Of the SQLite file beside the journal.</param>
/// <param name="SqliteScripts">Where the scripts lie that make it.</param>
/// <param name="SqliteSettings">Beside those of every file.</param>
/// <param name="PostgresSettings">Of each session, beside those of every store.</param>
/// <param name="Schema">Of PostgreSQL.</param>
/// <param name="LeadLock">The key of an advisory lock, beside those of the journal.</param>
/// <param name="RebuildLock">Another.</param>
internal sealed record ReadStoreKind(
    string What, string FileSuffix, string SqliteScripts, string SqliteSettings, string PostgresScripts, string PostgresSettings,
    string Schema, string LeadLock, string RebuildLock)
{
    public static readonly ReadStoreKind Models = new(
        "read models", "-read.db", "Sqlite", "PRAGMA page_size = 8192; PRAGMA cache_size = -4096;", "Postgres", "",
        "audit_read", "7401, 11", "7401, 12");

    // Pages of the index are read and written in long runs. On PostgreSQL the list of what waits is worked in by whoever fills
    // it: in as many rounds as it takes with the memory that the session has, and longer than a command may take by default.
    public static readonly ReadStoreKind Search = new(
        "text index", "-search.db", "Search.Sqlite", "PRAGMA page_size = 16384; PRAGMA cache_size = -4096;", "Search.Postgres",
        "SET work_mem = '128MB'; SET maintenance_work_mem = '128MB'", "audit_search", "7401, 13", "7401, 14")
    {
        CommandSeconds = 600,
    };

    /// <summary>How long PostgreSQL may take for one command.</summary>
    public int CommandSeconds { get; init; } = 30;

    public string NextSchema => Schema + "_next";
}
