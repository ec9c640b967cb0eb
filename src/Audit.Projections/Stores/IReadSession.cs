namespace Audit.Projections.Stores;

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
