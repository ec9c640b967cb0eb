using SQLitePCL;

namespace Audit.Storage.Sqlite;

/// <summary>
/// A prepared statement, and the row it stands at. Parameters count from 1 and columns from 0, as SQLite has them.
/// </summary>
public sealed class SqliteStatement(SqliteDatabase database, sqlite3_stmt handle) : IStoredRow, IDisposable
{
    public SqliteStatement Bind(int parameter, long value)
    {
        Check(raw.sqlite3_bind_int64(handle, parameter, value));
        return this;
    }

    public SqliteStatement Bind(int parameter, long? value) =>
        value is { } number ? Bind(parameter, number) : BindNull(parameter);

    public SqliteStatement Bind(int parameter, string? value)
    {
        if (value is null)
        {
            return BindNull(parameter);
        }

        Check(raw.sqlite3_bind_text(handle, parameter, value));
        return this;
    }

    public SqliteStatement BindText(int parameter, ReadOnlySpan<byte> utf8)
    {
        Check(raw.sqlite3_bind_text(handle, parameter, utf8));
        return this;
    }

    public SqliteStatement BindBlob(int parameter, ReadOnlySpan<byte> value)
    {
        Check(raw.sqlite3_bind_blob(handle, parameter, value));
        return this;
    }

    /// <summary>Binds all parameters: numbers, texts, blobs and nulls.</summary>
    public SqliteStatement BindAll(IReadOnlyList<object?> values)
    {
        for (var index = 0; index < values.Count; index++)
        {
            _ = values[index] switch
            {
                long number => Bind(index + 1, number),
                byte[] blob => BindBlob(index + 1, blob),
                var text => Bind(index + 1, (string?)text),
            };
        }

        return this;
    }

    /// <summary>Steps to the next row.</summary>
    /// <returns>False when there is none; the statement can then be bound anew.</returns>
    public bool Step()
    {
        var code = raw.sqlite3_step(handle);
        if (code == raw.SQLITE_ROW)
        {
            return true;
        }

        var failure = code == raw.SQLITE_DONE ? null : database.Failure(code);
        Reset();
        return failure is null ? false : throw failure;
    }

    /// <summary>Runs an insert to its end.</summary>
    /// <returns>False when a key was there already: that is expected, and no exception.</returns>
    public bool TryInsert()
    {
        var code = raw.sqlite3_step(handle);
        var conflict = code is raw.SQLITE_CONSTRAINT_TRIGGER
            or raw.SQLITE_CONSTRAINT_UNIQUE or raw.SQLITE_CONSTRAINT_PRIMARYKEY;
        var failure = code == raw.SQLITE_DONE || conflict ? null : database.Failure(code);
        Reset();
        return failure is null ? !conflict : throw failure;
    }

    /// <summary>Runs a statement to its end and returns how many rows it changed.</summary>
    public int Run()
    {
        while (Step())
        {
            // A statement that returns rows is run for what it does.
        }

        return database.Changes;
    }

    /// <summary>Runs a statement for the number in its first row, 0 where there is no row or no number.</summary>
    public long RunForNumber()
    {
        if (!Step())
        {
            return 0;
        }

        var number = Number(0);
        Reset();
        return number;
    }

    public void Reset() => raw.sqlite3_reset(handle);

    public bool IsNull(int column) => raw.sqlite3_column_type(handle, column) == raw.SQLITE_NULL;

    public long Number(int column) => raw.sqlite3_column_int64(handle, column);

    public bool Flag(int column) => Number(column) != 0;

    public string Text(int column) => Encoding.UTF8.GetString(Bytes(column));

    public byte[] Blob(int column) => Bytes(column).ToArray();

    public ReadOnlySpan<byte> Bytes(int column) => raw.sqlite3_column_blob(handle, column);

    public void Dispose() => handle.Dispose();

    private SqliteStatement BindNull(int parameter)
    {
        Check(raw.sqlite3_bind_null(handle, parameter));
        return this;
    }

    private void Check(int code)
    {
        if (code != raw.SQLITE_OK)
        {
            throw database.Failure(code);
        }
    }
}
