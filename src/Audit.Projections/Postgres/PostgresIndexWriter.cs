using Npgsql;
using NpgsqlTypes;

namespace Audit.Projections.Postgres;

/// <summary>Adds a batch to the index.</summary>
internal sealed class PostgresIndexWriter
{
    private readonly CopyText copy = new();
    private readonly WordVector vector = new();

    public async Task WriteAsync(NpgsqlConnection connection, IndexBatch batch, CancellationToken cancellation)
    {
        if (batch.Documents.Count > 0)
        {
            await CopyAsync(connection, batch, cancellation);
        }

        var session = new PostgresSession(connection);
        if (batch.Names.Count > 0)
        {
            await session.ExecuteAsync(
                "INSERT INTO names (key, name) SELECT * FROM unnest($1::bigint[], $2::text[]) ON CONFLICT DO NOTHING",
                [batch.Names.Select(name => (long)name.Key).ToArray(), batch.Names.Select(name => name.Name).ToArray()],
                cancellation);
        }

        if (batch.Unread.Count > 0)
        {
            await session.ExecuteAsync(
                "INSERT INTO unread (position, sentence) SELECT * FROM unnest($1::bigint[], $2::text[]) "
                    + "ON CONFLICT DO NOTHING",
                [
                    batch.Unread.Select(one => one.Position).ToArray(),
                    batch.Unread.Select(one => one.Sentence).ToArray(),
                ],
                cancellation);
        }
    }

    private async Task CopyAsync(NpgsqlConnection connection, IndexBatch batch, CancellationToken cancellation)
    {
        copy.Begin();
        foreach (var document in batch.Documents)
        {
            copy.BeginRow();
            copy.Number(document.Position);
            copy.Number(document.Call);
            copy.Number(document.At);
            var text = batch.Text.WrittenMemory.Slice(document.Start, document.Words + document.Marks);
            vector.WriteTo(copy, document.Position, text, document.Words);
        }

        copy.End();
        await using var stream = await connection.BeginRawBinaryCopyAsync(CopyText.Command, cancellation);
        await stream.WriteAsync(copy.Written, cancellation);
    }
}
