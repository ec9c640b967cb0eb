using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Audit.Projections.Stores;
using SQLitePCL;

namespace Audit.Projections.Sqlite;

/// <summary>A prepared statement, and the row it stands at. Parameters count from 1 and columns from 0, as SQLite has them.</summary>
internal sealed class SqliteStatement(SqliteDatabase database, sqlite3_stmt handle) : IReadRow, IDisposable
{
    public SqliteStatement Bind(int parameter, long? value)
    {
        Check(value is { } number ? raw.sqlite3_bind_int64(handle, parameter, number) : raw.sqlite3_bind_null(handle, parameter));
        return this;
    }

    public SqliteStatement Bind(int parameter, string? value)
    {
        Check(value is null ? raw.sqlite3_bind_null(handle, parameter) : raw.sqlite3_bind_text(handle, parameter, value));
        return this;
    }

    public SqliteStatement BindText(int parameter, ReadOnlySpan<byte> utf8)
    {
        Check(raw.sqlite3_bind_text(handle, parameter, utf8));
        return this;
    }

    public SqliteStatement Bind(int parameter, object value) =>
        value is long number ? Bind(parameter, (long?)number) : Bind(parameter, (string)value);

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

    /// <summary>Runs a statement to its end and returns how many rows it changed.</summary>
    public int Run()
    {
        while (Step())
        {
            // A statement that returns rows is run for what it does.
        }

        return database.Changes;
    }

    public void Reset() => raw.sqlite3_reset(handle);

    public bool IsNull(int column) => raw.sqlite3_column_type(handle, column) == raw.SQLITE_NULL;

    public long Number(int column) => raw.sqlite3_column_int64(handle, column);

    public string Text(int column) => Encoding.UTF8.GetString(Bytes(column));

    public T Document<T>(int column, JsonTypeInfo<T> json) => JsonSerializer.Deserialize(Bytes(column), json)!;

    public void Dispose() => handle.Dispose();

    private ReadOnlySpan<byte> Bytes(int column) => raw.sqlite3_column_blob(handle, column);

    private void Check(int code)
    {
        if (code != raw.SQLITE_OK)
        {
            throw database.Failure(code);
        }
    }
}
