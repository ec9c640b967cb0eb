using System.Text.Json.Serialization.Metadata;

namespace Audit.Projections.Stores;

/// <summary>A table of models: a key, columns by which rows are found, and last the document `doc`.</summary>
/// <param name="Position">The position of the event that made the row: a row is new to a store that is not as far.</param>
internal sealed record Table<T>(
    string Name, string[] Key, JsonTypeInfo<T> Json, Func<T, long> Position, Column<T>[] Columns)
{
    public string ColumnList { get; } = string.Join(", ", Columns.Select(column => column.Name).Append("doc"));

    /// <summary>The end of an upsert: columns that never change are left out, and so their indexes are left alone.</summary>
    public string OnConflict { get; } =
        $"ON CONFLICT ({string.Join(", ", Key)}) DO UPDATE SET "
        + string.Join(", ", Columns.Where(column => column.Changes).Select(column => column.Name).Append("doc")
            .Select(name => $"{name} = excluded.{name}"));
}
