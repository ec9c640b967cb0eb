using Audit.Integrity.Notes;

namespace Audit.Integrity.Verification;

/// <summary>What a verification may rely on beside what it verifies.</summary>
public sealed record VerifyOptions
{
    /// <summary>The only key whose signature counts.</summary>
    public VerifierKey? TrustedKey { get; init; }

    /// <summary>A key file of the log, private or public; looked at when no key is given.</summary>
    public string? KeyFile { get; init; }

    /// <summary>The node's file with the checkpoint that it signed last.</summary>
    public string? CheckpointFile { get; init; }

    /// <summary>A checkpoint that somebody kept: the log must be a continuation of it.</summary>
    public SignedCheckpoint? Since { get; init; }
}
