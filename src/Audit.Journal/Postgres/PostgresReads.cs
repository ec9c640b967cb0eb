using Npgsql;
using NpgsqlTypes;

namespace Audit.Journal.Postgres;

/// <summary>The journal's questions, each on whatever connection is given.</summary>
internal static class PostgresReads
{
    private const string RowSql = $"SELECT {JournalTable.Columns} FROM journal WHERE ordering = $1";

    /// <summary>
    /// What lies behind the last number that the sequence gave was put there by nobody's append: who followed it would
    /// pass all that comes until then.
    /// </summary>
    private const string IsGiven = "ordering <= (SELECT last_value FROM journal_ordering_seq)";

    private const string LastSql = $"SELECT coalesce(max(ordering), 0) FROM journal WHERE {IsGiven}";

    private const string StreamSql =
        $"""
        SELECT {JournalTable.Columns} FROM journal
        WHERE persistence_id = $1 AND sequence_number > $2 ORDER BY sequence_number LIMIT $3
        """;

    private const string StreamsSql =
        $"""
        SELECT {JournalTable.Columns} FROM journal
        WHERE persistence_id = ANY ($1) ORDER BY persistence_id, sequence_number
        """;

    private const string PositionsSql =
        """
        SELECT r.n, j.ordering FROM unnest($1, $2) WITH ORDINALITY AS r(id, sequence_number, n)
        JOIN journal j ON j.persistence_id = r.id AND j.sequence_number = r.sequence_number
        WHERE j.ordering <= (SELECT last_value FROM journal_ordering_seq)
        """;

    private static readonly string AfterSql = PageSql($"ordering > $1 AND {IsGiven}", "ordering");

    private static readonly string BeforeSql = PageSql($"ordering < $1 AND {IsGiven}", "ordering DESC");

    public static Task<IReadOnlyList<JournalRow>> AfterAsync(
        NpgsqlConnection connection, long position, int limit, long byteLimit, CancellationToken cancellation) =>
        ReadAsync(connection, AfterSql, cancellation, Number(position), Number(limit), Number(byteLimit));

    public static Task<IReadOnlyList<JournalRow>> BeforeAsync(
        NpgsqlConnection connection, long position, int limit, long byteLimit, CancellationToken cancellation) =>
        ReadAsync(connection, BeforeSql, cancellation, Number(position), Number(limit), Number(byteLimit));

    public static Task<IReadOnlyList<JournalRow>> StreamAsync(
        NpgsqlConnection connection, StreamKey stream, long afterSequence, int limit, CancellationToken cancellation) =>
        ReadAsync(connection, StreamSql, cancellation, Id(stream), Number(afterSequence), Number(limit));

    /// <returns>The rows of each stream that has any.</returns>
    public static async Task<Dictionary<string, List<JournalRow>>> StreamsAsync(
        NpgsqlConnection connection, IReadOnlyList<StreamKey> streams, CancellationToken cancellation)
    {
        var ids = streams.Select(stream => stream.Utf8).ToList();
        var rows = await ReadAsync(
            connection,
            StreamsSql,
            cancellation,
            new NpgsqlParameter<List<ReadOnlyMemory<byte>>>
            {
                TypedValue = ids, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text,
            });
        var found = new Dictionary<string, List<JournalRow>>(streams.Count);
        foreach (var row in rows)
        {
            if (!found.TryGetValue(row.PersistenceId, out var stream))
            {
                found.Add(row.PersistenceId, stream = []);
            }

            stream.Add(row);
        }
        return found;
    }

    public static async Task<long[]> PositionsAsync(
        NpgsqlConnection connection, IReadOnlyList<StreamPlace> places, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(PositionsSql, connection)
        {
            Parameters =
            {
                new NpgsqlParameter<List<ReadOnlyMemory<byte>>>
                {
                    TypedValue = [.. places.Select(place => place.Stream.Utf8)],
                    NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text,
                },
                new NpgsqlParameter<long[]> { TypedValue = [.. places.Select(place => place.Sequence)] },
            },
        };
        var positions = new long[places.Count];
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            positions[reader.GetInt64(0) - 1] = reader.GetInt64(1);
        }

        return positions;
    }

    public static async Task<JournalRow?> RowAsync(
        NpgsqlConnection connection, long position, CancellationToken cancellation)
    {
        var rows = await ReadAsync(connection, RowSql, cancellation, Number(position));
        return rows.SingleOrDefault();
    }

    public static async Task<long> LastPositionAsync(NpgsqlConnection connection, CancellationToken cancellation) =>
        (long)(await connection.ScalarAsync(LastSql, cancellation))!;

    // The server stops at the byte limit, for a client that stops reading must still drain all that was asked for. A
    // message's length is known without fetching it from where long ones are kept.
    private static string PageSql(string range, string order) =>
        $"""
        SELECT {JournalTable.Columns} FROM (
            SELECT {JournalTable.Columns}, sum(octet_length(message)) OVER (ORDER BY {order} ROWS UNBOUNDED PRECEDING)
                - octet_length(message) AS bytes_before
            FROM (
                SELECT {JournalTable.Columns} FROM journal WHERE {range} ORDER BY {order} LIMIT $2) AS page) AS measured
        WHERE bytes_before < $3 OR bytes_before = 0
        ORDER BY {order}
        """;

    private static async Task<IReadOnlyList<JournalRow>> ReadAsync(
        NpgsqlConnection connection, string sql, CancellationToken cancellation, params NpgsqlParameter[] parameters)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        command.Parameters.AddRange(parameters);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var rows = new List<JournalRow>();
        var (row, read) = (new PostgresRow(reader), new JournalRows());
        while (await reader.ReadAsync(cancellation))
        {
            rows.Add(read.Read(row));
        }

        return rows;
    }

    private static NpgsqlParameter<long> Number(long value) => new() { TypedValue = value };

    private static NpgsqlParameter<ReadOnlyMemory<byte>> Id(StreamKey stream) =>
        new() { TypedValue = stream.Utf8, NpgsqlDbType = NpgsqlDbType.Text };
}
