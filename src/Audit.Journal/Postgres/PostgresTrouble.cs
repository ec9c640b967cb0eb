using Npgsql;

namespace Audit.Journal.Postgres;

/// <summary>What the journal's callers receive of what the driver threw.</summary>
internal static class PostgresTrouble
{
    public static JournalUnavailableException Of(string place, Exception failure)
    {
        var kind = KindOf(failure);
        var sentence = kind == JournalTrouble.Stalled ? "it goes on without a word" : failure.Message;
        return new JournalUnavailableException($"PostgreSQL at {place}: {sentence}", failure, kind);
    }

    public static bool IsDamage(Exception failure) => KindOf(failure) == JournalTrouble.Damaged;

    public static bool IsLocked(Exception failure) => KindOf(failure) == JournalTrouble.Locked;

    private static JournalTrouble KindOf(Exception failure) => failure switch
    {
        PostgresException answered => answered.SqlState switch
        {
            PostgresErrorCodes.LockNotAvailable => JournalTrouble.Locked,
            PostgresErrorCodes.DiskFull => JournalTrouble.DiskFull,
            PostgresErrorCodes.ReadOnlySqlTransaction => JournalTrouble.ReadOnly,
            PostgresErrorCodes.DataCorrupted or PostgresErrorCodes.IndexCorrupted => JournalTrouble.Damaged,
            _ => JournalTrouble.Away,
        },
        TimeoutException or NpgsqlException { InnerException: TimeoutException } => JournalTrouble.Stalled,
        _ => JournalTrouble.Away,
    };
}
