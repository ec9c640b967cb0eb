namespace Audit.Integrity.Bundles;

/// <summary>The logs of a store in a bundle, with the notes on their restarts.</summary>
internal static class LogsJson
{
    public static string Write(IReadOnlyList<LogRecord> logs)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartArray();
            foreach (var log in logs)
            {
                json.WriteStartObject();
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
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan) + "\n";
    }

    /// <exception cref="BundleException">It cannot be read.</exception>
    public static IReadOnlyList<LogRecord> Read(string text)
    {
        try
        {
            using var json = JsonDocument.Parse(text);
            return
            [
                .. json.RootElement.EnumerateArray().Select(log => new LogRecord(
                    log.GetProperty("number").GetInt32(), log.GetProperty("origin").GetString()!,
                    VerifierKey.Parse(log.GetProperty("key").GetString()!),
                    log.GetProperty("started_at").GetDateTimeOffset())
                    {
                        Halt = log.GetProperty("halted_because").GetString() is { } why
                            ? new LogHalt(why, null, default)
                            : null,
                    }.WithRestart(log.GetProperty("restart").GetString()).WithKeys(KeyNotes(log))),
            ];
        }
        catch (Exception failure) when (failure
            is JsonException or InvalidOperationException or FormatException or KeyNotFoundException)
        {
            throw new BundleException(
                $"The bundle's file {BundlePaths.Logs} cannot be read: {failure.Message}", failure);
        }
    }

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
    public static string Write(IEnumerable<BundleContents> contents)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartArray();
            foreach (var session in contents)
            {
                json.WriteStartObject();
                json.WriteString("session", session.Session);
                json.WriteBoolean("whole", session.IsWhole);
                json.WritePropertyName("contents");
                JsonSerializer.Serialize(json, session.Mark);
                json.WriteStartArray("rows");
                session.Rows.ForEach(json.WriteNumberValue);
                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan) + "\n";
    }

    /// <exception cref="BundleException">It cannot be read.</exception>
    public static IReadOnlyList<BundleContents> Read(string text)
    {
        try
        {
            using var json = JsonDocument.Parse(text);
            return
            [
                .. json.RootElement.EnumerateArray().Select(session => new BundleContents(
                    session.GetProperty("session").GetString()!, session.GetProperty("whole").GetBoolean())
                {
                    Rows = [.. session.GetProperty("rows").EnumerateArray().Select(row => row.GetInt64())],
                    Mark = session.GetProperty("contents") is { ValueKind: JsonValueKind.Number } mark
                        ? mark.GetInt64()
                        : null,
                }),
            ];
        }
        catch (Exception failure) when (failure
            is JsonException or InvalidOperationException or FormatException or KeyNotFoundException)
        {
            throw new BundleException(
                $"The bundle's file {BundlePaths.Contents} cannot be read: {failure.Message}", failure);
        }
    }
}
