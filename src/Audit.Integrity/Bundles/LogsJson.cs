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
                json.WriteString("key", log.Key.ToString());
                json.WriteString("started_at", log.StartedAt);
                json.WriteString("restart", log.RestartNote);
                json.WriteString("halted_because", log.Halt?.Reason);
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
                    }.WithRestart(log.GetProperty("restart").GetString())),
            ];
        }
        catch (Exception failure) when (failure
            is JsonException or InvalidOperationException or FormatException or KeyNotFoundException)
        {
            throw new BundleException(
                $"The bundle's file {BundlePaths.Logs} cannot be read: {failure.Message}", failure);
        }
    }
}
