using Npgsql;
using NpgsqlTypes;

namespace Audit.Storage.Postgres;

/// <summary>Puts questions to one connection.</summary>
public sealed class PostgresSession(NpgsqlConnection connection) : IStoreSession
{
    public async Task<List<T>> QueryAsync<T>(
        string sql, IReadOnlyList<object?> values, Func<IStoredRow, T> read, CancellationToken cancellation)
    {
        await using var command = connection.NewCommand(sql, values);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        return await ReadAllAsync(reader, new PostgresRow(reader), read, cancellation);
    }

    /// <summary>Puts a question behind another one, in one round trip.</summary>
    /// <param name="check">Throws where the row that the first one finds forbids to read on.</param>
    public async Task<List<T>> QueryAsync<T>(
        string first, Action<IStoredRow> check, string sql, IReadOnlyList<object?> values, Func<IStoredRow, T> read,
        CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(new NpgsqlBatchCommand(first));
        batch.BatchCommands.Add(CommandOf(sql, values));
        var reader = await batch.ExecuteReaderAsync(cancellation);
        try
        {
            var row = new PostgresRow(reader);
            await reader.ReadAsync(cancellation);
            check(row);
            await reader.NextResultAsync(cancellation);
            return await ReadAllAsync(reader, row, read, cancellation);
        }
        finally
        {
            // How a question fares that was not to be put says less than the check does.
            await reader.DisposeAsync().AsTask().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public async Task<int> ExecuteAsync(string sql, IReadOnlyList<object?> values, CancellationToken cancellation)
    {
        await using var command = connection.NewCommand(sql, values);
        return await command.ExecuteNonQueryAsync(cancellation);
    }

    public async Task ExecuteAllAsync(
        string sql, IEnumerable<IReadOnlyList<object?>> values, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection);
        foreach (var each in values)
        {
            batch.BatchCommands.Add(CommandOf(sql, each));
        }

        if (batch.BatchCommands.Count > 0)
        {
            await batch.ExecuteNonQueryAsync(cancellation);
        }
    }

    public Task RunScriptAsync(string sql, CancellationToken cancellation) =>
        connection.RunScriptAsync(sql, cancellation);

    private static NpgsqlBatchCommand CommandOf(string sql, IReadOnlyList<object?> values)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var value in values)
        {
            command.Parameters.Add(PostgresCommands.Parameter(value));
        }

        return command;
    }

    private static async Task<List<T>> ReadAllAsync<T>(
        NpgsqlDataReader reader, PostgresRow row, Func<IStoredRow, T> read, CancellationToken cancellation)
    {
        var found = new List<T>();
        while (await reader.ReadAsync(cancellation))
        {
            found.Add(read(row));
        }

        return found;
    }
}

public sealed class PostgresRow(NpgsqlDataReader reader) : IStoredRow
{
    public bool IsNull(int column) => reader.IsDBNull(column);

    public long Number(int column) => reader.GetInt64(column);

    public bool Flag(int column) => reader.GetBoolean(column);

    public string Text(int column) => reader.GetString(column);

    public byte[] Blob(int column) => reader.GetFieldValue<byte[]>(column);

    public ReadOnlySpan<byte> Bytes(int column) => Blob(column);
}

public static class PostgresCommands
{
    /// <summary>Runs a statement that is done at once or never.</summary>
    public static async Task RunSqlAsync(this NpgsqlConnection connection, string sql, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>Runs any number of statements, for however long it takes.</summary>
    public static async Task RunScriptAsync(
        this NpgsqlConnection connection, string sql, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>Runs a statement for the first value that it returns.</summary>
    public static async Task<object?> ScalarAsync(
        this NpgsqlConnection connection, string sql, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(cancellation);
    }

    public static NpgsqlCommand NewCommand(this NpgsqlConnection connection, string sql, IReadOnlyList<object?> values)
    {
        var command = new NpgsqlCommand(sql, connection);
        for (var index = 0; index < values.Count; index++)
        {
            command.Parameters.Add(Parameter(values[index]));
        }

        return command;
    }

    /// <summary>A number, a text, a blob, an array of them, or null.</summary>
    public static NpgsqlParameter Parameter(object? value) => value switch
    {
        long number => new NpgsqlParameter<long> { TypedValue = number },
        string text => new NpgsqlParameter<string> { TypedValue = text },
        byte[] blob => new NpgsqlParameter<byte[]> { TypedValue = blob },
        long[] numbers => new NpgsqlParameter<long[]> { TypedValue = numbers },
        string[] texts => new NpgsqlParameter<string[]>
        {
            TypedValue = texts, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text,
        },
        byte[][] blobs => new NpgsqlParameter<byte[][]>
        {
            TypedValue = blobs, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea,
        },
        null => new NpgsqlParameter { Value = DBNull.Value },
        _ => throw new ArgumentException($"A {value.GetType()} is no value of a parameter.", nameof(value)),
    };
}
