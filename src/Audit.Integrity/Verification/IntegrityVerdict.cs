using Audit.Integrity.Notes;

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

    /// <summary>Rows after the checkpoint: nothing can be said of them yet.</summary>
    public long UnsealedRows { get; init; }

    /// <summary>Rows that another serializer wrote; as far as they are sealed, the log says so of each.</summary>
    public long ForeignRows { get; init; }

    /// <summary>The size of the older checkpoint that this log was shown to continue; null where none was given.</summary>
    public long? ContinuesSize { get; init; }

    /// <summary>All that is wrong, the most telling first.</summary>
    public required IReadOnlyList<IntegrityFault> Faults { get; init; }

    public bool IsIntact => Faults.Count == 0;

    /// <summary>The first position that is known to be bad; null where all is well or no position can be named.</summary>
    public long? FirstBadPosition => Faults.Min(fault => fault.Position);
}
