namespace Audit.Projections.Stores;

/// <summary>How far a projection is, and where and why it halted, as its store has it for every node.</summary>
internal sealed record OffsetRow(ReadOffset Offset, long? HaltedAt, string? Sentence)
{
    /// <summary>The projection of the read models; others have offsets of their own.</summary>
    public const string Models = "models";

    /// <summary>The text index.</summary>
    public const string Search = "search";

    public const string MoveSql = """
        UPDATE offsets SET position = $2, digest = $3, halted_at = NULL, sentence = NULL
        WHERE name = $1 AND position = $4 AND digest = $5
        """;

    public const string HaltSql =
        "UPDATE offsets SET halted_at = $1, sentence = $2 WHERE name = $3 AND position = $4 AND digest = $5";

    private const string Sql = "SELECT position, digest, halted_at, sentence FROM offsets WHERE name = $1";

    /// <summary>
    /// The values of <see cref="MoveSql"/>, which changes a row only where the store stands at the first offset.
    /// </summary>
    public static object[] Move(string name, ReadOffset from, ReadOffset to) =>
        [name, to.Position, to.Digest, from.Position, from.Digest];

    /// <summary>The values of <see cref="HaltSql"/>, with the same condition.</summary>
    public static object[] Halt(string name, ReadOffset at, long position, string sentence) =>
        [position, sentence, name, at.Position, at.Digest];

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

/// <summary>How far a reader has come: a position, and the digest of the row that lies there.</summary>
internal readonly record struct ReadOffset(long Position, string Digest)
{
    public static readonly ReadOffset Start = new(0, "");
}

/// <summary>The positions that an operator had passed over.</summary>
internal static class Skipped
{
    public static async Task<IReadOnlySet<long>> ReadAsync(IReadSession session, CancellationToken cancellation) =>
        (await session.QueryAsync("SELECT position FROM skipped", [], row => row.Number(0), cancellation)).ToHashSet();

    /// <summary>What one store skips another does too; what that one skips already stays.</summary>
    public static async Task CopyAsync(IReadStore from, IReadStore to, CancellationToken cancellation)
    {
        var skipped = await from.ReadAsync(
            session => session.QueryAsync(
                "SELECT position, reason FROM skipped", [], row => (Position: row.Number(0), Reason: row.Text(1)),
                cancellation),
            cancellation);
        foreach (var (position, reason) in skipped)
        {
            await to.ExecuteAsync(
                "INSERT INTO skipped (position, reason) VALUES ($1, $2) ON CONFLICT DO NOTHING", [position, reason],
                cancellation);
        }
    }
}
