using Audit.Integrity.Notes;

namespace Audit.Integrity.Storage;

/// <summary>One log of a store.</summary>
public sealed record LogRecord(int Number, string Origin, VerifierKey Key, DateTimeOffset StartedAt)
{
    /// <summary>Why the log before was ended; null for the first one.</summary>
    public string? Reason { get; init; }

    /// <summary>The last signed checkpoint of the log before; null for the first one, and where nothing had been signed.</summary>
    public string? Previous { get; init; }

    /// <summary>Why this log may not be signed again; null while it may.</summary>
    public LogHalt? Halt { get; init; }
}
