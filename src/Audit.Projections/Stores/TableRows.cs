namespace Audit.Projections.Stores;

/// <summary>
/// Rows of one table as they are to be written, each with its document: first those that are new to the store, which
/// need no look for older ones, and then the others, counted on.
/// </summary>
internal interface ITableRows
{
    string Name { get; }

    string ColumnList { get; }

    string OnConflict { get; }

    /// <summary>How many there are before the document.</summary>
    int Columns { get; }

    int Added { get; }

    int Changed { get; }

    bool IsNumber(int column);

    long? Number(int row, int column);

    string? Text(int row, int column);

    ReadOnlyMemory<byte> Document(int row);
}

/// <summary>Its room is used again for the next batch.</summary>
internal sealed class TableRows<T>(Table<T> table) : ITableRows
{
    private readonly List<T> rows = [];
    private readonly List<T> changed = [];
    private readonly List<int> ends = [];
    private readonly ArrayBufferWriter<byte> documents = new();

    public string Name => table.Name;

    public string ColumnList => table.ColumnList;

    public string OnConflict => table.OnConflict;

    public int Columns => table.Columns.Length;

    public int Added => rows.Count - changed.Count;

    public int Changed => changed.Count;

    public bool IsNumber(int column) => table.Columns[column].Number is not null;

    public long? Number(int row, int column) => table.Columns[column].Number!(rows[row]);

    public string? Text(int row, int column) => table.Columns[column].Text!(rows[row]);

    public ReadOnlyMemory<byte> Document(int row) => documents.WrittenMemory[(row == 0 ? 0 : ends[row - 1])..ends[row]];

    /// <param name="known">Everything up to this position is in the store.</param>
    public void Fill(Utf8JsonWriter json, long known, IReadOnlyCollection<T> models)
    {
        rows.Clear();
        changed.Clear();
        ends.Clear();
        documents.ResetWrittenCount();
        foreach (var model in models)
        {
            (table.Position(model) > known ? rows : changed).Add(model);
        }

        rows.AddRange(changed);
        foreach (var row in rows)
        {
            json.Reset(documents);
            JsonSerializer.Serialize(json, row, table.Json);
            ends.Add(documents.WrittenCount);
        }
    }
}
