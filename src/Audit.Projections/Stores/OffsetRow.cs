using Audit.Projections.Feeding;

namespace Audit.Projections.Stores;

/// <summary>How far a projection is, and where and why it halted, as its store tells it to every node.</summary>
internal sealed record OffsetRow(ReadOffset Offset, long? HaltedAt, string? Sentence)
{
    /// <summary>The projection of the read models; others have offsets of their own.</summary>
    public const string Models = "models";

    /// <summary>The text index.</summary>
    public const string Search = "search";

    private const string Sql = "SELECT position, digest, halted_at, sentence FROM offsets WHERE name = $1";

    public static Task<OffsetRow> ReadAsync(IReadSession session, CancellationToken cancellation) =>
        ReadAsync(session, Models, cancellation);

    public static async Task<OffsetRow> ReadAsync(IReadSession session, string name, CancellationToken cancellation)
    {
        var rows = await session.QueryAsync(
            Sql,
            [name],
            row => new OffsetRow(
                new ReadOffset(row.Number(0), row.Text(1)),
                row.IsNull(2) ? null : row.Number(2),
                row.IsNull(3) ? null : row.Text(3)),
            cancellation);
        return rows.SingleOrDefault() ?? throw new ReadModelsException("The read models are not made yet.");
    }
}
