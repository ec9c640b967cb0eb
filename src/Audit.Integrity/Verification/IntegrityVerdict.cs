namespace Audit.Integrity.Verification;

/// <summary>Whether the journal is what was sealed.</summary>
public sealed record IntegrityVerdict
{
    /// <summary>The log's name; null where there is none.</summary>
    public string? Origin { get; init; }

    public VerifierKey? Key { get; init; }

    public KeyTrust KeyTrust { get; init; }

    /// <summary>How many rows the checkpoint covers.</summary>
    public long Size { get; init; }

    public byte[]? Root { get; init; }

    public DateTimeOffset? SignedAt { get; init; }

    /// <summary>How many rows were read.</summary>
    public long Rows { get; init; }

    /// <summary>Rows after the checkpoint: nothing is known of them yet.</summary>
    public long UnsealedRows { get; init; }

    /// <summary>Rows that another serializer wrote; as far as they are sealed, the log says so of each.</summary>
    public long ForeignRows { get; init; }

    /// <summary>Rows that no node of the store can have written; the log says so of each.</summary>
    public long UnprovenRows { get; init; }

    /// <summary>The position of the first of them.</summary>
    public long? FirstUnproven { get; init; }

    /// <summary>Rows of which a bundle has only the entry, for they are not for who has the bundle.</summary>
    public long EntriesOnly { get; init; }

    /// <summary>How many receipts were compared with what is there.</summary>
    public long Receipts { get; init; }

    /// <summary>The logs that took the place of others, the oldest first.</summary>
    public IReadOnlyList<RestartReport> Restarts { get; init; } = [];

    /// <summary>Whether it is a bundle that has a part of the book.</summary>
    public bool IsPart { get; init; }

    /// <summary>How much such a bundle has of its sessions, as far as it says so.</summary>
    public IReadOnlyList<ContentsReport> Sessions { get; init; } = [];

    /// <summary>The row that has the hash of a bundle's page for people; null where it has none, or another.</summary>
    public long? ReportedAt { get; init; }

    /// <summary>What a bundle's keys opened; null with a store, whose own keys open it.</summary>
    public OpenedContents? Contents { get; init; }

    /// <summary>Contents that nobody can open any more because they were erased.</summary>
    public IReadOnlyList<ErasedContent> Erased { get; init; } = [];

    /// <summary>Rows that were cut from the journal once they were in an archive.</summary>
    public IReadOnlyList<DisposedRows> Cut { get; init; } = [];

    /// <summary>The keys of the log that took the place of others, the oldest first.</summary>
    public IReadOnlyList<RotationReport> Rotations { get; init; } = [];

    /// <summary>
    /// The size of the older checkpoint that this log was shown to continue; null where none was given.
    /// </summary>
    public long? ContinuesSize { get; init; }

    /// <summary>All that is wrong, the most serious first.</summary>
    public required IReadOnlyList<IntegrityFault> Faults { get; init; }

    public bool IsIntact => Faults.Count == 0;

    /// <summary>
    /// The first position that is known to be bad; null where all is well or no position can be named.
    /// </summary>
    public long? FirstBadPosition => Faults.Min(fault => fault.Position);
}

/// <summary>What became of the sealed content of a bundle's rows.</summary>
/// <param name="Opened">Rows whose content its keys opened.</param>
/// <param name="Compared">Those of them whose head was compared with the record that came out.</param>
/// <param name="WithoutKey">Rows whose key the bundle does not bring, for it opens more than the bundle is about.</param>
/// <param name="Closed">Rows that the store had no key of any more.</param>
public sealed record OpenedContents(long Opened, long Compared, long WithoutKey, long Closed);

/// <summary>One thing that is wrong.</summary>
/// <param name="Position">The first position concerned; null where none can be named.</param>
/// <param name="LastPosition">The last position that may be concerned, where it is not one alone.</param>
/// <param name="Sentence">What is wrong, for a person.</param>
public sealed record IntegrityFault(IntegrityFaultKind Kind, long? Position, long? LastPosition, string Sentence);

/// <summary>What can be wrong with a journal and its log.</summary>
public enum IntegrityFaultKind
{
    /// <summary>Nothing was ever sealed, or what was sealed is gone.</summary>
    NoLog,

    /// <summary>The checkpoint is not signed by the key.</summary>
    NotSigned,

    /// <summary>Rows wait longer for their seal than they may.</summary>
    Unsealed,

    /// <summary>Rows were written by something that does not have the store's row key.</summary>
    Unproven,

    /// <summary>What people are shown is not what the journal says.</summary>
    ReadModelsDiffer,

    /// <summary>The table of tokens says other than the acts on them in the journal.</summary>
    TokensDiffer,

    /// <summary>The content of rows cannot be opened, and nobody erased it.</summary>
    ContentClosed,

    /// <summary>A key of a bundle does not open what it is of, or what comes out is not what the head says.</summary>
    ContentDiffers,

    /// <summary>The page for people in a bundle is not the one whose hash the book has.</summary>
    ReportDiffers,

    /// <summary>A stream lacks numbers: rows were taken out of it before they were sealed.</summary>
    NumbersMissing,

    /// <summary>The rows are not those that a log sealed which was ended.</summary>
    EarlierLog,

    /// <summary>Fewer witnesses cosigned the checkpoint than were demanded.</summary>
    NotWitnessed,

    /// <summary>What somebody has a receipt for is not there, or is another row.</summary>
    ReceiptBroken,

    /// <summary>The log may not be signed any more, and nobody has started a new one.</summary>
    Halted,

    /// <summary>A row is not the one that was sealed.</summary>
    RowChanged,

    /// <summary>A row is marked deleted.</summary>
    RowDeleted,

    /// <summary>Rows that were sealed are not there.</summary>
    RowsMissing,

    /// <summary>Rows lie between sealed ones that were not there when those were sealed.</summary>
    RowsInserted,

    /// <summary>Rows and stored hashes agree with each other, and not with what was signed.</summary>
    Rewritten,

    /// <summary>The rows are as they were sealed, but hashes that the log stores are not.</summary>
    TileChanged,

    /// <summary>The log is not a continuation of a checkpoint that was kept elsewhere.</summary>
    SetBack,
}
