namespace Audit.Storage.Postgres;

/// <summary>
/// The advisory locks that all rooms take of one database, by name: each is a number under one number of our own. The
/// journal's scripts take the first one too.
/// </summary>
public enum AdvisoryLock
{
    JournalAppend = 1,
    JournalSchema = 2,
    LogSealing = 3,
    LogSchema = 4,
    ReadModelsLead = 11,
    ReadModelsRebuild = 12,
    TextIndexLead = 13,
    TextIndexRebuild = 14,
}

public static class AdvisoryLocks
{
    /// <summary>Waits for the lock, and keeps it as long as the transaction.</summary>
    public static string TakeForTransactionSql(this AdvisoryLock key) =>
        $"SELECT pg_advisory_xact_lock(7401, {(int)key})";

    /// <summary>Takes the lock if it is free, and keeps it as long as the transaction.</summary>
    public static string TryTakeForTransactionSql(this AdvisoryLock key) =>
        $"SELECT pg_try_advisory_xact_lock(7401, {(int)key})";

    /// <summary>Takes the lock if it is free, and keeps it as long as the session.</summary>
    public static string TryTakeSql(this AdvisoryLock key) => $"SELECT pg_try_advisory_lock(7401, {(int)key})";
}
