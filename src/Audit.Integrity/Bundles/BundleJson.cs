namespace Audit.Integrity.Bundles;

/// <summary>Files of a bundle that are one JSON array.</summary>
internal static class BundleJson
{
    public static string Write<T>(IEnumerable<T> all, Action<Utf8JsonWriter, T> write, bool indented)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = indented }))
        {
            json.WriteStartArray();
            foreach (var one in all)
            {
                json.WriteStartObject();
                write(json, one);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan) + "\n";
    }

    /// <exception cref="BundleException">It cannot be read.</exception>
    public static T Read<T>(string file, string text, Func<JsonElement, T> read)
    {
        try
        {
            using var json = JsonDocument.Parse(text);
            return read(json.RootElement);
        }
        catch (Exception failure) when (JsonNote.IsOther(failure))
        {
            throw new BundleException($"The bundle's file {file} cannot be read: {failure.Message}", failure);
        }
    }
}

/// <summary>The logs of a store in a bundle, with the notes on their restarts.</summary>
internal static class LogsJson
{
    public static string Write(IReadOnlyList<LogRecord> logs) => BundleJson.Write(
        logs,
        (json, log) =>
        {
            json.WriteNumber("number", log.Number);
            json.WriteString("origin", log.Origin);
            json.WriteString("key", log.Chain.First.ToString());
            json.WriteString("started_at", log.StartedAt);
            json.WriteString("restart", log.RestartNote);
            json.WriteString("halted_because", log.Halt?.Reason);
            json.WriteStartArray("keys");
            foreach (var note in log.Chain.Notes)
            {
                json.WriteStringValue(note);
            }

            json.WriteEndArray();
        },
        indented: true);

    /// <exception cref="BundleException">It cannot be read.</exception>
    public static IReadOnlyList<LogRecord> Read(string text) => BundleJson.Read<IReadOnlyList<LogRecord>>(
        BundlePaths.Logs, text, root =>
        [
            .. root.EnumerateArray().Select(log => new LogRecord(
                log.GetProperty("number").GetInt32(), log.GetProperty("origin").GetString()!,
                VerifierKey.Parse(log.GetProperty("key").GetString()!),
                log.GetProperty("started_at").GetDateTimeOffset())
                {
                    Halt = log.GetProperty("halted_because").GetString() is { } why
                        ? new LogHalt(why, null, default)
                        : null,
                }.WithRestart(log.GetProperty("restart").GetString()).WithKeys(KeyNotes(log))),
        ]);

    private static IReadOnlyList<string> KeyNotes(JsonElement log) =>
        log.TryGetProperty("keys", out var notes) ? [.. notes.EnumerateArray().Select(note => note.GetString()!)] : [];
}

/// <summary>What a bundle says of a session that it has rows of.</summary>
/// <param name="Session">With its source before it, as it stands in the names of its streams.</param>
/// <param name="IsWhole">Whether the bundle is of this session, and so has all of its rows.</param>
internal sealed record BundleContents(string Session, bool IsWhole)
{
    /// <summary>Which entries are its rows', whether the bundle has more of them or not.</summary>
    public List<long> Rows { get; init; } = [];

    /// <summary>The entry of the last row that says how much it held; null where there is none.</summary>
    public long? Mark { get; set; }
}

/// <summary>The file of a bundle that says which entries belong together.</summary>
internal static class ContentsJson
{
    public static string Write(IEnumerable<BundleContents> contents) =>
        BundleJson.Write(contents, Write, indented: false);

    /// <exception cref="BundleException">It cannot be read.</exception>
    public static IReadOnlyList<BundleContents> Read(string text) => BundleJson.Read<IReadOnlyList<BundleContents>>(
        BundlePaths.Contents, text, root =>
        [
            .. root.EnumerateArray().Select(session => new BundleContents(
                session.GetProperty("session").GetString()!, session.GetProperty("whole").GetBoolean())
            {
                Rows = [.. session.GetProperty("rows").EnumerateArray().Select(row => row.GetInt64())],
                Mark = session.GetProperty("contents") is { ValueKind: JsonValueKind.Number } mark
                    ? mark.GetInt64()
                    : null,
            }),
        ]);

    private static void Write(Utf8JsonWriter json, BundleContents session)
    {
        json.WriteString("session", session.Session);
        json.WriteBoolean("whole", session.IsWhole);
        json.WritePropertyName("contents");
        JsonSerializer.Serialize(json, session.Mark);
        json.WriteStartArray("rows");
        session.Rows.ForEach(json.WriteNumberValue);
        json.WriteEndArray();
    }
}

/// <summary>
/// The file of a bundle with the keys of the streams that it is about, a line each: what opens the content of their
/// rows without the node. Of a stream whose key was ended there is none.
/// </summary>
internal static class KeysJson
{
    private const int LongestLine = 4096;

    public static void Write(Utf8JsonWriter json, string stream, byte[] key)
    {
        json.WriteStartObject();
        json.WriteString("persistence_id", stream);
        json.WriteBase64String("key", key);
        json.WriteEndObject();
    }

    /// <exception cref="BundleException">It cannot be read.</exception>
    public static IReadOnlyDictionary<string, byte[]> Read(Stream file)
    {
        var keys = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        using var lines = new StreamReader(file, Encoding.UTF8);
        while (lines.ReadLine() is { } line)
        {
            var (stream, key) = line.Length > LongestLine
                ? throw new BundleException($"The bundle's file {BundlePaths.Keys} has a line that is too long.")
                : BundleJson.Read(BundlePaths.Keys, line, one =>
                    (Named(one), one.GetProperty("key").GetBytesFromBase64()));
            keys[stream] = key.Length > 0 && key.Length % RowKeys.KeyLength == 0
                ? key
                : throw new BundleException($"The key of {stream} in the bundle has another length.");
        }

        return keys;

        static string Named(JsonElement one) =>
            one.GetProperty("persistence_id").GetString() ?? throw new JsonException("a key without a stream");
    }
}

/// <summary>
/// The file of a bundle that says which entries are of rows that were cut from the journal, each by the event that
/// names them. It is believed as far as the end of that event, which is among the rows, speaks of exactly these.
/// </summary>
internal static class CutJson
{
    /// <param name="cut">The entries of each event, by its position.</param>
    public static string Write(IEnumerable<KeyValuePair<long, List<long>>> cut) => BundleJson.Write(
        cut,
        (json, one) =>
        {
            json.WriteNumber("event", one.Key);
            json.WriteStartArray("entries");
            one.Value.ForEach(json.WriteNumberValue);
            json.WriteEndArray();
        },
        indented: false);

    /// <returns>By which event each entry was cut.</returns>
    /// <exception cref="BundleException">It cannot be read.</exception>
    public static IReadOnlyDictionary<long, long> Read(string text) => BundleJson.Read(
        BundlePaths.Cut, text, root =>
        {
            var cut = new Dictionary<long, long>();
            foreach (var one in root.EnumerateArray())
            {
                foreach (var entry in one.GetProperty("entries").EnumerateArray())
                {
                    cut[entry.GetInt64()] = one.GetProperty("event").GetInt64();
                }
            }

            return cut;
        });
}
