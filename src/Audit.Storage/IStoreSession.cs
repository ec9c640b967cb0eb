namespace Audit.Storage;

/// <summary>A row of an answer, valid until the next one. Columns count from 0.</summary>
public interface IStoredRow
{
    bool IsNull(int column);

    long Number(int column);

    /// <summary>A truth, which SQLite keeps as a number.</summary>
    bool Flag(int column);

    string Text(int column);

    byte[] Blob(int column);

    /// <summary>The bytes of a text or a blob, valid as long as the row.</summary>
    ReadOnlySpan<byte> Bytes(int column);
}

/// <summary>
/// A connection to either database. Statements are such as both understand, with parameters `$1`, `$2` and so on that
/// may be numbers (`long`), texts, blobs (`byte[]`) or null.
/// </summary>
public interface IStoreSession
{
    Task<List<T>> QueryAsync<T>(
        string sql, IReadOnlyList<object?> values, Func<IStoredRow, T> read, CancellationToken cancellation);

    /// <returns>How many rows were changed.</returns>
    Task<int> ExecuteAsync(string sql, IReadOnlyList<object?> values, CancellationToken cancellation);

    /// <summary>Runs one statement with each of the values, in as few round trips as the database knows.</summary>
    Task ExecuteAllAsync(string sql, IEnumerable<IReadOnlyList<object?>> values, CancellationToken cancellation);

    /// <summary>Runs any number of statements, for however long it takes.</summary>
    Task RunScriptAsync(string sql, CancellationToken cancellation);
}

/// <summary>A database that is asked and changed in the same words, whichever of the two it is.</summary>
public interface IStoreDatabase
{
    /// <summary>Reads; it may be tried twice.</summary>
    Task<T> ReadAsync<T>(Func<IStoreSession, Task<T>> read, CancellationToken cancellation);

    /// <summary>Makes a change in one transaction, once.</summary>
    Task<T> ChangeAsync<T>(Func<IStoreSession, Task<T>> change, CancellationToken cancellation);
}

public static class StoredRows
{
    public static string? TextOrNull(this IStoredRow row, int column) => row.IsNull(column) ? null : row.Text(column);

    public static byte[]? BlobOrNull(this IStoredRow row, int column) => row.IsNull(column) ? null : row.Blob(column);

    public static long? NumberOrNull(this IStoredRow row, int column) => row.IsNull(column) ? null : row.Number(column);
}
