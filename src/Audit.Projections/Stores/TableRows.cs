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
    /// <summary>
    /// What the document leaves out, for columns have it: which, and how it is put back from them, from a number on.
    /// </summary>
    public (string[] Columns, Func<T, IStoredRow, int, T> PutBack)? Beside { get; init; }

    /// <summary>How many columns a row is read from.</summary>
    public int Read => 1 + (Beside?.Columns.Length ?? 0);

    /// <summary>What a statement selects for a row to be read from.</summary>
    /// <param name="alias">With a dot behind it, where a statement reads several.</param>
    public string Selected(string alias = "") =>
        string.Join(", ", (string[])["doc", .. Beside?.Columns ?? []]).Replace(", ", ", " + alias).Insert(0, alias);

    /// <param name="column">Of the document; what else was selected is behind it.</param>
    public T Of(IStoredRow row, int column = 0)
    {
        var read = JsonSerializer.Deserialize(row.Bytes(column), Json)!;
        return Beside is { } beside ? beside.PutBack(read, row, column + 1) : read;
    }

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
    private static readonly JsonSerializerOptions Whole = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
        Converters = { new TimestampNumber() },
    };

    private static readonly JsonSerializerOptions Options = new(Whole)
    {
        TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { ShortMembers.Give } },
    };

    public static JsonTypeInfo<T> Of<T>() => (JsonTypeInfo<T>)Options.GetTypeInfo(typeof(T));

    /// <summary>All that a model says, also what a row has in its columns only: for who compares.</summary>
    public static string Text<T>(T model) => JsonSerializer.Serialize(model, Whole);
}

/// <summary>
/// The members of what is written for each record: in a row of a kilobyte every letter of a name counts. What is named
/// here by nothing is in a column; what is not named keeps its name.
/// </summary>
internal static class ShortMembers
{
    /// <summary>
    /// Stands for the time by which a message is judged, and takes no room: no message has it, for it lies beyond what
    /// a clamped time reaches.
    /// </summary>
    public static readonly Timestamp AsAt;

    private static readonly Dictionary<Type, Dictionary<string, string>> Names = new()
    {
        [typeof(TransitionModel)] = NamesOf(
            "Message:m From:f To:t Attempt:n Anomalies:x Cause:c Lifted:l Late:e ReportedLate:E Oversized:o "
            + "MadeByNode:M TimeInferred:i RecordedAt:r Judgement:j Window:w Tool:T Token:k Remark:R By:b Success:s "
            + "DurationMs:d Marks:p LateByMs:L DecidedAt:D Source:S Review:v Call: Sequence: Position: At: "
            + "ReceivedAt: Task: Agent:"),
        [typeof(CallModel)] = NamesOf(
            "SessionId:s Attempt:n Turn:t Anomalies:x Violations:v Lifted:l Unreviewed:u Messages:m Redacted:r "
            + "Flooded:f NamedTask:N Token:k Provider:p Model:M Command:c Remark:R Decision:d DecidedBy:b "
            + "ClaimedBy:B Asked:q Question:Q Approval:a NodeDecidedAt:A SelfApproved:S NotSeenWhole:w Success:y "
            + "Altered:z AskedAt:g EndsAt:G People:H FirstBy:F "
            + "DecidedAt:h StartedAt:i SettledAt:e DurationMs:D Judged:j ReportedLate:E Order:o LastPosition:P "
            + "Sequence:Z Gravest:V AskedAgent:I AskedTask:T Rules:U "
            + "Id: Session: Source: CallId: Parent: State: Tool: Task: Agent: FirstAt: LastAt:"),
        [typeof(NodeDecision)] = NamesOf("IsRefusal:r IsByPerson:p By:b Decision:d At:a Command:c"),
    };

    public static void Give(JsonTypeInfo type)
    {
        if (!Names.TryGetValue(type.Type, out var names))
        {
            return;
        }

        foreach (var member in type.Properties.ToList())
        {
            var full = ((System.Reflection.MemberInfo)member.AttributeProvider!).Name;
            var name = names.GetValueOrDefault(full, member.Name);
            if (name.Length == 0)
            {
                type.Properties.Remove(member);
                continue;
            }

            member.Name = name;

            if (full == nameof(TransitionModel.RecordedAt))
            {
                // Most happened when they were recorded.
                member.Get = static one =>
                    (TransitionModel)one is var of && of.RecordedAt == of.At ? AsAt : of.RecordedAt;
            }
        }
    }

    private static Dictionary<string, string> NamesOf(string names) =>
        names.Split(' ').ToDictionary(one => one.Split(':')[0], one => one.Split(':')[1]);
}

internal sealed class TimestampNumber : JsonConverter<Timestamp>
{
    // In ticks, for few clocks are finer; what is finer has a point.
    public override Timestamp Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        Instants.FromNumber(
            reader.TryGetInt64(out var ticks) ? ticks * Instants.NanosPerTick
                : (long)(reader.GetDecimal() * Instants.NanosPerTick));

    public override void Write(Utf8JsonWriter writer, Timestamp value, JsonSerializerOptions options)
    {
        if (value.Nanos == 0)
        {
            writer.WriteNumberValue(value.Ticks - DateTime.UnixEpoch.Ticks);
        }
        else
        {
            writer.WriteNumberValue(Instants.ToNumber(value) / (decimal)Instants.NanosPerTick);
        }
    }
}
