namespace Audit.Engine;

public enum ReceiptStatus : byte
{
    Recorded,
    Duplicate,
    Violation,

    /// <summary>The stream holds all that it may hold.</summary>
    Refused,

    /// <summary>It could not be read; only whoever reads items gives this one.</summary>
    Invalid,

    /// <summary>Whether it was written is not known: the journal was away. It may be sent again.</summary>
    Unknown,
}
