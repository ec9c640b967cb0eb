using System.Text.Json.Serialization.Metadata;

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

/// <summary>The models as documents: what a row says beside the columns by which it is found.</summary>
internal static class ReadJson
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
        Converters = { new TimestampNumber() },
    };

    public static JsonTypeInfo<T> Of<T>() => (JsonTypeInfo<T>)Options.GetTypeInfo(typeof(T));

    public static T Document<T>(this IStoredRow row, int column, JsonTypeInfo<T> json) =>
        JsonSerializer.Deserialize(row.Bytes(column), json)!;
}

internal sealed class TimestampNumber : JsonConverter<Timestamp>
{
    public override Timestamp Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        Instants.FromNumber(reader.GetInt64());

    public override void Write(Utf8JsonWriter writer, Timestamp value, JsonSerializerOptions options) =>
        writer.WriteNumberValue(Instants.ToNumber(value));
}
