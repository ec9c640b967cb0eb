namespace Audit.Integrity.Verification;

/// <summary>What can be wrong with a journal and its log.</summary>
public enum IntegrityFaultKind
{
    /// <summary>Nothing was ever sealed, or what was sealed is gone.</summary>
    NoLog,

    /// <summary>The checkpoint is not signed by the key.</summary>
    NotSigned,

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
