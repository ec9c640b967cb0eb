using System.Data.Common;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Audit.Actors.Streams;

/// <summary>What a failed write means for what was to be written.</summary>
internal static class WriteFailure
{
    private const int SqliteConstraint = 19;

    /// <summary>
    /// The database refused an event whose place was taken: another writer was first. The plugin's transaction is
    /// rolled back then, so that nothing of it was written, also of the streams that were written with it.
    /// </summary>
    public static bool IsConflict(Exception? cause) => cause switch
    {
        null => false,
        AggregateException many => many.InnerExceptions.Any(IsConflict),
        DbException failure when IsConflict(failure) => true,
        _ => IsConflict(cause.InnerException),
    };

    private static bool IsConflict(DbException failure) =>
        failure is SqliteException { SqliteErrorCode: SqliteConstraint }
            or PostgresException { SqlState: PostgresErrorCodes.UniqueViolation };
}
