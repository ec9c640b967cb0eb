using System.Text.RegularExpressions;
using Npgsql;
using NpgsqlTypes;

namespace Audit.Journal.Postgres;

/// <summary>The journal's questions, each on whatever connection is given.</summary>
internal static class PostgresReads
{
    private const int MostDamagedPages = 100;

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

    // In the one question what is left of streams that were cut: most of those asked for are new, and have neither.
    private const string StreamsSql =
        $"""
        (SELECT {JournalTable.Columns} FROM journal
        WHERE persistence_id = ANY ($1) ORDER BY persistence_id, sequence_number)
        UNION ALL
        SELECT disposal, persistence_id, sequence_number, 0, '{JournalTable.CutManifest}', ''::bytea, NULL, false, NULL
        FROM journal_cut_stream WHERE persistence_id = ANY ($1)
        """;

    private const string PositionsSql =
        """
        SELECT r.n, j.ordering FROM unnest($1, $2) WITH ORDINALITY AS r(id, sequence_number, n)
        JOIN journal j ON j.persistence_id = r.id AND j.sequence_number = r.sequence_number
        WHERE j.ordering <= (SELECT last_value FROM journal_ordering_seq)
        """;

    private const string After = $"ordering > $1 AND {IsGiven}";
    private const string Before = $"ordering < $1 AND {IsGiven}";
    private const string Ascending = "ordering";
    private const string Descending = "ordering DESC";

    private static readonly string AfterSql = PageSql(After, Ascending);

    private static readonly string BeforeSql = PageSql(Before, Descending);

    public static Task<IReadOnlyList<JournalRow>> PageAsync(
        NpgsqlConnection connection, bool isForward, long position, int limit, long byteLimit,
        CancellationToken cancellation) =>
        ReadAsync(
            connection, isForward ? AfterSql : BeforeSql, cancellation, Number(position), Number(limit),
            Number(byteLimit));

    /// <summary>The rows of a page that come before the first that cannot be read.</summary>
    public static async Task<IReadOnlyList<JournalRow>> UpToDamageAsync(
        NpgsqlConnection connection, bool isForward, long position, int limit, long byteLimit,
        CancellationToken cancellation)
    {
        // The server is to give each row when it has read it, and not to read all of them first.
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await connection.ScalarAsync(
            "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off",
            cancellation);
        await using var command = new NpgsqlCommand(
            isForward ? RangeSql(After, Ascending) : RangeSql(Before, Descending), connection, transaction);
        command.Parameters.AddRange(new[] { Number(position), Number(limit) });
        var rows = new List<JournalRow>();
        try
        {
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            var (row, read, bytes) = (new PostgresRow(reader), new JournalRows(), 0L);
            while (bytes < byteLimit && await reader.ReadAsync(cancellation))
            {
                rows.Add(read.Read(row));
                bytes += rows[^1].Message.Length;
            }
        }
        catch (PostgresException damage) when (PostgresTrouble.IsDamage(damage))
        {
            // Here it is.
        }

        return rows;
    }

    /// <summary>Looks where it is that streams cannot be read.</summary>
    /// <param name="message">The server's, which names the page.</param>
    /// <returns>The position before it; null where all can be read now, or what is damaged is no table.</returns>
    public static async Task<long?> BeforeDamageAsync(
        NpgsqlConnection connection, IReadOnlyList<StreamKey> streams, string message, CancellationToken cancellation)
    {
        var file = (string)(await connection.ScalarAsync("SELECT pg_relation_filepath('journal')", cancellation))!;
        if (Regex.Match(message, $@"(\d+)\D+?{Regex.Escape(file)}\b") is { Success: true } page)
        {
            var block = long.Parse(page.Groups[1].ValueSpan, CultureInfo.InvariantCulture);
            return await BeforeBlockAsync(connection, block, cancellation);
        }

        // Of a long message, which lies elsewhere, the row itself can be read.
        var places = await new PostgresSession(connection).QueryAsync(
            "SELECT ordering FROM journal WHERE persistence_id = ANY ($1) ORDER BY ordering",
            [streams.Select(stream => stream.ToString()).ToArray()], row => row.Number(0), cancellation);
        foreach (var place in places)
        {
            if (await IsDamagedAsync(() => RowAsync(connection, place, cancellation)))
            {
                return place - 1;
            }
        }

        return null;
    }

    /// <returns>The last position on the pages before one, of which some may be damaged too.</returns>
    private static async Task<long?> BeforeBlockAsync(
        NpgsqlConnection connection, long block, CancellationToken cancellation)
    {
        object? last = null;
        for (var tries = 0; block > 0 && tries < MostDamagedPages; block--, tries++)
        {
            var sql = $"SELECT max(ordering) FROM journal WHERE ctid >= '({block - 1},0)' AND ctid < '({block},0)'";
            if (!await IsDamagedAsync(async () => last = await connection.ScalarAsync(sql, cancellation))
                && last is long position)
            {
                return position;
            }
        }

        return block == 0 ? 0 : null;
    }

    private static async Task<bool> IsDamagedAsync(Func<Task> read)
    {
        try
        {
            await read();
            return false;
        }
        catch (PostgresException damage) when (PostgresTrouble.IsDamage(damage))
        {
            return true;
        }
    }

    public static Task<IReadOnlyList<JournalRow>> StreamAsync(
        NpgsqlConnection connection, StreamKey stream, long afterSequence, int limit, CancellationToken cancellation) =>
        ReadAsync(connection, StreamSql, cancellation, Id(stream), Number(afterSequence), Number(limit));

    /// <returns>The rows of each stream that has any, or the one that says that it was cut.</returns>
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
                {RangeSql(range, order)}) AS page) AS measured
        WHERE bytes_before < $3 OR bytes_before = 0
        ORDER BY {order}
        """;

    private static string RangeSql(string range, string order) =>
        $"SELECT {JournalTable.Columns} FROM journal WHERE {range} ORDER BY {order} LIMIT $2";

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
