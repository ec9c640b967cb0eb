using SQLitePCL;

namespace Audit.Journal.Sqlite;

/// <summary>What the journal's callers receive of what SQLite answered.</summary>
internal static class SqliteTrouble
{
    public static JournalUnavailableException Reading(SqliteFailure failure) => Of("read", failure);

    public static JournalUnavailableException Writing(SqliteFailure failure) => Of("written", failure);

    private static JournalUnavailableException Of(string what, SqliteFailure failure) =>
        new($"The journal could not be {what}: {failure.Reason}.", failure, KindOf(failure));

    private static JournalTrouble KindOf(SqliteFailure failure) => failure switch
    {
        { IsDamage: true } => JournalTrouble.Damaged,
        { Code: raw.SQLITE_FULL } => JournalTrouble.DiskFull,
        { Code: raw.SQLITE_BUSY or raw.SQLITE_LOCKED } => JournalTrouble.Locked,
        { Code: raw.SQLITE_READONLY or raw.SQLITE_PERM } => JournalTrouble.ReadOnly,
        _ => JournalTrouble.Away,
    };
}
