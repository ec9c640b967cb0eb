namespace Audit.Journal.Tokens;

/// <summary>Who reports: a group of tokens with one number and one name, neither ever given again.</summary>
/// <param name="IsWrittenDown">Whether the journal says so too.</param>
public sealed record SourceRow(
    long Number, string Name, DateTimeOffset CreatedAt, string CreatedBy, bool IsWrittenDown)
{
    /// <summary>False when no node of the store wrote the row as it is; no token gets it then.</summary>
    public bool IsProven { get; init; } = true;
}

/// <summary>The sources of a store, shared by all of its nodes.</summary>
public sealed class Sources
{
    private const string Table = "sources";

    private const string Columns = "n, name, created_at, created_by, written_down, mac";

    private readonly IStoreDatabase database;
    private readonly RowProof proof;
    private readonly string? lockSql;

    internal Sources(IStoreDatabase database, RowProof proof, string? lockSql)
    {
        this.database = database;
        this.proof = proof;
        this.lockSql = lockSql;
    }

    /// <summary>The source of that name, which is made where it is missing.</summary>
    /// <param name="written">The number that the journal gave the name; null where it gave none.</param>
    /// <param name="after">The last number that the journal gave, which may be above those of the table.</param>
    /// <exception cref="UnprovenRowException">Somebody else wrote the row, or changed it.</exception>
    public Task<SourceRow> EnsureAsync(
        string name, long? written, long after, string by, DateTimeOffset at,
        CancellationToken cancellation) => database.ChangeAsync(
        async session =>
        {
            if (lockSql is not null)
            {
                await session.RunScriptAsync(lockSql, cancellation);
            }

            var all = await ListAsync(session, cancellation);
            if (all.Find(source => source.Name == name) is { } found)
            {
                return found.IsProven ? found : throw new UnprovenRowException(
                    $"The source \"{name}\" is not as a node of this store wrote it; it is refused.");
            }

            var last = all.Count == 0 ? 0 : all.Max(source => source.Number);
            var row = new SourceRow(written ?? Math.Max(last, after) + 1, name, at, by, IsWrittenDown: false);
            await session.ExecuteAsync(
                $"INSERT INTO {Table} ({Columns}) VALUES ($1, $2, $3, $4, $5, $6)",
                [.. Values(row), proof.Of(Table, Values(row))], cancellation);
            return row;
        },
        cancellation);

    /// <summary>To be called when the journal has it.</summary>
    public Task WrittenDownAsync(SourceRow row, CancellationToken cancellation) => database.ChangeAsync(
        session => session.ExecuteAsync(
            $"UPDATE {Table} SET written_down = 1, mac = $2 WHERE n = $1",
            [row.Number, proof.Of(Table, Values(row with { IsWrittenDown = true }))], cancellation),
        cancellation);

    /// <summary>In the order of their numbers.</summary>
    public Task<List<SourceRow>> ListAsync(CancellationToken cancellation) =>
        database.ReadAsync(session => ListAsync(session, cancellation), cancellation);

    private async Task<List<SourceRow>> ListAsync(IStoreSession session, CancellationToken cancellation)
    {
        var found = await session.QueryAsync(
            $"SELECT {Columns} FROM {Table} ORDER BY n", [], Read, cancellation);
        foreach (var wrong in found.Where(row => !row.IsProven))
        {
            proof.Report(Table, wrong.Name);
        }

        return found;
    }

    private static object?[] Values(SourceRow row) =>
        [row.Number, row.Name, row.CreatedAt.UtcTicks, row.CreatedBy, row.IsWrittenDown ? 1L : 0L];

    private SourceRow Read(IStoredRow row)
    {
        var source = new SourceRow(
            row.Number(0), row.Text(1), TokenStore.Time(row.Number(2)), row.Text(3), row.Number(4) != 0);
        return source with { IsProven = proof.Holds(Table, Values(source), row.Blob(5)) };
    }
}
