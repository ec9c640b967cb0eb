using System.Data.Common;

namespace Audit.Integrity.Storage;

/// <summary>The statements of the log's tables, in words that both databases understand.</summary>
internal sealed class LogSql(string schema)
{
    public string Logs { get; } =
        $"""
        SELECT number, origin, verifier_key, started_at, reason, previous, halted_reason, halted_position, halted_at
        FROM {schema}log ORDER BY number
        """;

    public string LastCheckpoint { get; } =
        $"SELECT size, last_position, note, signed_at FROM {schema}checkpoint WHERE log = @log ORDER BY size DESC LIMIT 1";

    public string Checkpoints { get; } =
        $"""
        SELECT size, last_position, note, signed_at FROM {schema}checkpoint
        WHERE log = @log AND size > @after ORDER BY size LIMIT @limit
        """;

    public string Tiles { get; } =
        $"""
        SELECT number, hashes FROM {schema}tile
        WHERE log = @log AND level = @level AND number >= @first AND number < @end ORDER BY number
        """;

    public string Bundle { get; } =
        $"SELECT number, first_position FROM {schema}bundle WHERE log = @log AND number = @number";

    public string BundleOfPosition { get; } =
        $"""
        SELECT number, first_position FROM {schema}bundle
        WHERE log = @log AND first_position <= @position ORDER BY first_position DESC LIMIT 1
        """;

    public string LastSize { get; } = $"SELECT coalesce(max(size), 0) FROM {schema}checkpoint WHERE log = @log";

    public string AddLog { get; } =
        $"""
        INSERT INTO {schema}log (number, origin, verifier_key, started_at, reason, previous)
        VALUES (@number, @origin, @key, @at, @reason, @previous)
        """;

    /// <summary>The first reason stays: what is found later may only follow from it.</summary>
    public string Halt { get; } =
        $"""
        UPDATE {schema}log SET halted_reason = @reason, halted_position = @position, halted_at = @at
        WHERE number = @log AND halted_reason IS NULL
        """;

    public string PutTile { get; } =
        $"""
        INSERT INTO {schema}tile (log, level, number, hashes) VALUES (@log, @level, @number, @hashes)
        ON CONFLICT (log, level, number) DO UPDATE SET hashes = excluded.hashes
        """;

    public string PutBundle { get; } =
        $"""
        INSERT INTO {schema}bundle (log, number, first_position) VALUES (@log, @number, @first)
        ON CONFLICT (log, number) DO UPDATE SET first_position = excluded.first_position
        """;

    public string AddCheckpoint { get; } =
        $"""
        INSERT INTO {schema}checkpoint (log, size, last_position, note, signed_at) VALUES (@log, @size, @last, @note, @at)
        """;

    /// <summary>Of the checkpoints before the newest, the last one of every 256 entries is kept.</summary>
    public string ThinCheckpoints { get; } =
        $"DELETE FROM {schema}checkpoint WHERE log = @log AND size = @before AND size / 256 = @size / 256";

    public static DbCommand Command(DbConnection connection, string text, params (string Name, object? Value)[] parameters)
    {
        var command = connection.CreateCommand();
        command.CommandText = text;
        foreach (var (name, value) in parameters)
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = name;
            parameter.Value = value ?? DBNull.Value;
            command.Parameters.Add(parameter);
        }
        return command;
    }
}
