namespace Audit.Integrity.Storage;

/// <summary>
/// That a log took the place of another: of which one, why, by whom, and what was wrong then. The new log's key signs
/// it, so that nobody can take it back or report it otherwise who has the database alone.
/// </summary>
/// <param name="Number">Of the new log.</param>
/// <param name="LastCheckpoint">The last checkpoint that is known to be signed for the old log, with its cosignatures;
/// null where there is none.</param>
/// <param name="By">The name of the person who stands for it.</param>
/// <param name="Verdict">What was found of the old log then, in sentences.</param>
public sealed record LogRestart(
    int Number, string OldOrigin, VerifierKey OldKey, SignedCheckpoint? LastCheckpoint, string NewOrigin,
    string Reason, string By, string Verdict)
{
    private const string Heading = "audit log restart\n";

    public Task<SignedNote> SignAsync(ILogSigner signer, CancellationToken cancellation)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteNumber("number", Number);
            json.WriteString("old_origin", OldOrigin);
            json.WriteString("old_key", OldKey.ToString());
            json.WriteString("last_checkpoint", LastCheckpoint?.ToString());
            json.WriteString("new_origin", NewOrigin);
            json.WriteString("reason", Reason);
            json.WriteString("by", By);
            json.WriteString("verdict", Verdict);
            json.WriteEndObject();
        }

        return SignedNote.SignAsync($"{Heading}{Encoding.UTF8.GetString(buffer.WrittenSpan)}\n", signer, cancellation);
    }

    /// <exception cref="NoteFormatException">The text is no such note.</exception>
    public static LogRestart Parse(SignedNote note)
    {
        if (!note.Body.StartsWith(Heading, StringComparison.Ordinal))
        {
            throw new NoteFormatException("The note is not one of a log's restart.");
        }

        try
        {
            using var json = JsonDocument.Parse(note.Body[Heading.Length..]);
            var root = json.RootElement;
            return new LogRestart(
                root.GetProperty("number").GetInt32(), Text("old_origin"), VerifierKey.Parse(Text("old_key")),
                root.GetProperty("last_checkpoint").GetString() is { } last ? SignedCheckpoint.Parse(last) : null,
                Text("new_origin"), Text("reason"), Text("by"), Text("verdict"));

            string Text(string name) => root.GetProperty(name).GetString() ?? throw new JsonException($"no {name}");
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException or FormatException
            or KeyNotFoundException)
        {
            throw new NoteFormatException($"The note of a log's restart cannot be read: {failure.Message}");
        }
    }
}
