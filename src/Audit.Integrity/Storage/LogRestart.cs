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
        var body = JsonNote.Write(Heading, json =>
        {
            json.WriteNumber("number", Number);
            json.WriteString("old_origin", OldOrigin);
            json.WriteString("old_key", OldKey.ToString());
            json.WriteString("last_checkpoint", LastCheckpoint?.ToString());
            json.WriteString("new_origin", NewOrigin);
            json.WriteString("reason", Reason);
            json.WriteString("by", By);
            json.WriteString("verdict", Verdict);
        });
        return SignedNote.SignAsync(body, signer, cancellation);
    }

    /// <exception cref="NoteFormatException">The text is no such note.</exception>
    public static LogRestart Parse(SignedNote note) => JsonNote.Read(
        note, Heading, "a log's restart",
        (root, text) => new LogRestart(
            root.GetProperty("number").GetInt32(), text("old_origin"), VerifierKey.Parse(text("old_key")),
            root.GetProperty("last_checkpoint").GetString() is { } last ? SignedCheckpoint.Parse(last) : null,
            text("new_origin"), text("reason"), text("by"), text("verdict")));
}
