namespace Audit.Projections.Stores;

/// <summary>Where the read models lie.</summary>
internal interface IReadStore : IAsyncDisposable
{
    /// <summary>Takes the right to write, making the tables where they are missing or of another version.</summary>
    /// <returns>Null while another node has it.</returns>
    Task<IReadLead?> TryLeadAsync(CancellationToken cancellation);

    /// <summary>
    /// Makes the tables, so that whoever reads first finds them. While another node leads, they are there.
    /// </summary>
    async Task MakeTablesAsync(CancellationToken cancellation)
    {
        var lead = await TryLeadAsync(cancellation);
        await (lead?.DisposeAsync() ?? ValueTask.CompletedTask);
    }

    /// <summary>Reads in one snapshot.</summary>
    /// <exception cref="ReadModelsException">What lies there is of another version than this program reads.</exception>
    Task<T> ReadAsync<T>(Func<IReadSession, Task<T>> read, CancellationToken cancellation);

    /// <summary>The same of what is alike in all versions: how far the store is.</summary>
    Task<T> PeekAsync<T>(Func<IReadSession, Task<T>> read, CancellationToken cancellation);

    /// <summary>Runs one statement beside those who project.</summary>
    /// <returns>How many rows it changed.</returns>
    Task<int> ExecuteAsync(string sql, IReadOnlyList<object> values, CancellationToken cancellation);

    /// <summary>
    /// An empty store beside this one, to be filled and then put in its place; nothing is left of it otherwise.
    /// </summary>
    /// <exception cref="ReadModelsException">Somebody is rebuilding already.</exception>
    Task<IReadStore> CreateNextAsync(CancellationToken cancellation);

    /// <summary>Puts the other store in the place of this one, at once; the other is used up.</summary>
    Task ReplaceByAsync(IReadStore next, CancellationToken cancellation);
}

/// <summary>
/// The right to write the read models, which one node at a time has. It ends with its connection. Questions see what is
/// committed, and may be put while a batch is being written.
/// </summary>
internal interface IReadLead : IReadSession, IAsyncDisposable
{
    /// <summary>Writes a batch and its offset in one transaction.</summary>
    /// <returns>
    /// False when the store does not stand at the offset that the batch was made for; nothing was written.
    /// </returns>
    Task<bool> WriteAsync(BatchRows rows, CancellationToken cancellation);

    /// <summary>The same for the text index, in a store of that kind.</summary>
    Task<bool> WriteAsync(IndexBatch batch, CancellationToken cancellation);
}

/// <summary>Something that questions can be put to.</summary>
internal interface IReadSession
{
    /// <param name="sql">One statement that both databases understand, with parameters `$1`, `$2` and so on.</param>
    /// <param name="values">Numbers (`long`) and texts.</param>
    Task<List<T>> QueryAsync<T>(
        string sql, IReadOnlyList<object> values, Func<IStoredRow, T> read, CancellationToken cancellation);

    /// <summary>The models whose columns have one of the given combinations of values.</summary>
    /// <param name="keys">Columns with as many values each, of one index.</param>
    Task<List<T>> FindAsync<T>(Table<T> table, IReadOnlyList<KeyColumn> keys, CancellationToken cancellation);
}

/// <summary>The read models cannot be read or written now; the message is a sentence for a person.</summary>
public sealed class ReadModelsException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>
/// Asks the index of one database. It may name an event too many where a phrase is looked for, and never one too few.
/// </summary>
internal interface IIndexReader
{
    /// <summary>Events of a stretch of the journal that have what the clauses ask for, newest first.</summary>
    Task<List<Candidate>> NewestAsync(
        IReadSession session, IReadOnlyList<IndexClause> clauses, long from, long before, int limit,
        CancellationToken cancellation);

    /// <summary>Those of some events that have what the clauses ask for.</summary>
    Task<List<Candidate>> AmongAsync(
        IReadSession session, IReadOnlyList<IndexClause> clauses, IReadOnlyList<Candidate> events,
        CancellationToken cancellation);

    /// <summary>The events of some calls in a stretch of the journal, newest first.</summary>
    Task<List<Candidate>> OfCallsAsync(
        IReadSession session, IEnumerable<long> calls, long from, long before, CancellationToken cancellation);

    /// <summary>Tidies up what a long stretch of indexing left, now that there is time.</summary>
    Task RestAsync(IReadStore store, CancellationToken cancellation);
}

/// <summary>An event that the index names.</summary>
internal readonly record struct Candidate(long Position, long Call, long At)
{
    public static Candidate Read(IStoredRow row) => new(row.Number(0), row.Number(1), row.Number(2));
}

/// <summary>What a document must have, or must not: one of some words, marks, or words in a row.</summary>
internal sealed record IndexClause(bool IsNegated, IReadOnlyList<string[]> Any)
{
    public static IndexClause One(string mark) => new(false, [[mark]]);
}
