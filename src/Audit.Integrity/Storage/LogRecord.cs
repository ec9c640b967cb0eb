namespace Audit.Integrity.Storage;

/// <summary>One log of a store.</summary>
/// <param name="Key">That signs now.</param>
public sealed record LogRecord(int Number, string Origin, VerifierKey Key, DateTimeOffset StartedAt)
{
    /// <summary>The keys that it had, from the first to the one that signs now.</summary>
    public KeyChain Chain { get; init; } = KeyChain.Of(Key);

    /// <summary>The signed note on which log it took the place of; null for the first one.</summary>
    public string? RestartNote { get; init; }

    /// <summary>What that note says, whoever signed it; null also where it cannot be read.</summary>
    public LogRestart? Restart { get; init; }

    /// <summary>Why this log may not be signed again; null while it may.</summary>
    public LogHalt? Halt { get; init; }

    /// <summary>The log with the keys that came after its first one.</summary>
    public LogRecord WithKeys(IReadOnlyList<string> notes) => WithKeys(KeyChain.Read(Chain.First, notes));

    public LogRecord WithKeys(KeyChain chain) => this with { Key = chain.Current, Chain = chain };

    /// <summary>The log with what the note says.</summary>
    public LogRecord WithRestart(string? note)
    {
        try
        {
            return note is null
                ? this
                : this with { RestartNote = note, Restart = LogRestart.Parse(SignedNote.Parse(note)) };
        }
        catch (NoteFormatException)
        {
            return this with { RestartNote = note };
        }
    }
}

/// <summary>Why a log is signed no more until its rows are what was sealed.</summary>
/// <param name="Reason">A sentence.</param>
/// <param name="Position">The first position known to be concerned; null where none can be named.</param>
public sealed record LogHalt(string Reason, long? Position, DateTimeOffset At);

/// <summary>A checkpoint as the store has it.</summary>
/// <param name="LastPosition">The position of the last row that it covers, 0 for an empty log.</param>
public sealed record StoredCheckpoint(long Size, long LastPosition, string Note, DateTimeOffset SignedAt);

/// <summary>At which position a bundle of 256 entries begins.</summary>
public readonly record struct BundleStart(long Number, long FirstPosition);

/// <summary>What one step of sealing writes, as a whole or not at all.</summary>
/// <param name="After">The size of the newest checkpoint before; if another one is found, nobody knows what
/// happened.</param>
/// <param name="Unproven">Positions of rows that no node of the store can have written.</param>
/// <param name="Checkpoint">Null when the step only goes on with a tree that cannot be signed yet.</param>
internal sealed record SealStep(
    int Log,
    long After,
    IReadOnlyList<LogTile> Tiles,
    IReadOnlyList<BundleStart> Bundles,
    IReadOnlyList<long> Unproven,
    StoredCheckpoint? Checkpoint);

/// <summary>Rows that were sealed and that no node of the store can have written.</summary>
/// <param name="First">The position of the first; 0 where there is none.</param>
public readonly record struct UnprovenRows(long Count, long First);

/// <summary>A question of a node that remembers nothing of the log, for one that does.</summary>
/// <param name="Challenge">Random, so that no older answer answers it.</param>
internal sealed record VouchQuestion(string Challenge, string? Answer);

/// <summary>Somebody else sealed meanwhile; whoever gets this looks at the store anew.</summary>
internal sealed class SealingLostException(string message) : Exception(message);

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
