using System.Text.Json.Serialization.Metadata;

namespace Audit.Projections.Stores;

/// <summary>A table of models: a key, columns by which rows are found, and last the document `doc`.</summary>
/// <param name="Position">
/// The position of the event that made the row: a row is new to a store that is not as far.
/// </param>
internal sealed record Table<T>(
    string Name, string[] Key, JsonTypeInfo<T> Json, Func<T, long> Position, Column<T>[] Columns)
{
    public string ColumnList { get; } = string.Join(", ", Columns.Select(column => column.Name).Append("doc"));

    /// <summary>
    /// The end of an upsert: columns that never change are left out, and so their indexes are left alone.
    /// </summary>
    public string OnConflict { get; } =
        $"ON CONFLICT ({string.Join(", ", Key)}) DO UPDATE SET "
        + string.Join(", ", Columns.Where(column => column.Changes).Select(column => column.Name).Append("doc")
            .Select(name => $"{name} = excluded.{name}"));
}

/// <summary>A column by which rows are found, beside their document.</summary>
/// <param name="Number">Its value in a column of numbers, else null.</param>
/// <param name="Text">Its value in a column of texts, else null.</param>
/// <param name="Changes">An update of the row may change it.</param>
internal sealed record Column<T>(string Name, Func<T, long?>? Number, Func<T, string?>? Text, bool Changes)
{
    public static Column<T> Fixed(string name, Func<T, long?> number) => new(name, number, null, Changes: false);

    public static Column<T> Fixed(string name, Func<T, string?> text) => new(name, null, text, Changes: false);

    public static Column<T> Changing(string name, Func<T, long?> number) => new(name, number, null, Changes: true);

    public static Column<T> Changing(string name, Func<T, string?> text) => new(name, null, text, Changes: true);
}

/// <summary>A column of an index, and the values that are looked for in it: numbers or texts.</summary>
internal sealed record KeyColumn(string Name, long[]? Numbers, string[]? Texts)
{
    public KeyColumn(string name, IEnumerable<long> numbers) : this(name, [.. numbers], null) { }

    public KeyColumn(string name, IEnumerable<string> texts) : this(name, null, [.. texts]) { }

    public int Count => Numbers?.Length ?? Texts!.Length;
}
