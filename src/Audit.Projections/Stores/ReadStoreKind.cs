namespace Audit.Projections;

/// <summary>What is kept in a read store, and under which names: the read models and the text index lie apart, and are fed apart.</summary>
/// <param name="What">As sentences for people name it.</param>
/// <param name="FileSuffix">Of the SQLite file beside the journal.</param>
/// <param name="SqliteScripts">Where the scripts lie that make it.</param>
/// <param name="SqliteSettings">Beside those of every file.</param>
/// <param name="Schema">Of PostgreSQL.</param>
/// <param name="LeadLock">The key of an advisory lock, beside those of the journal.</param>
/// <param name="RebuildLock">Another.</param>
internal sealed record ReadStoreKind(
    string What, string FileSuffix, string SqliteScripts, string SqliteSettings, string PostgresScripts, string Schema, string LeadLock,
    string RebuildLock)
{
    public static readonly ReadStoreKind Models = new(
        "read models", "-read.db", "Sqlite", "PRAGMA page_size = 8192; PRAGMA cache_size = -32768;", "Postgres", "audit_read", "7401, 11", "7401, 12");

    // Pages of the index are read and written in long runs.
    public static readonly ReadStoreKind Search = new(
        "text index", "-search.db", "Search.Sqlite", "PRAGMA page_size = 16384; PRAGMA cache_size = -65536;", "Search.Postgres", "audit_search",
        "7401, 13", "7401, 14");

    public string NextSchema => Schema + "_next";
}
