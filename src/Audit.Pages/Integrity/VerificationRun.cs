namespace Audit.Pages.Integrity;

/// <summary>One verification of the book, under way or ended.</summary>
/// <param name="By">Who asked for it.</param>
public sealed record VerificationRun(string By, Timestamp StartedAt)
{
    /// <summary>How far it is, while it is under way.</summary>
    public VerifyProgress Progress { get; init; }

    public Timestamp? EndedAt { get; init; }

    /// <summary>What it found; null while it is under way, and where it could not be ended.</summary>
    public VerificationResult? Verdict { get; init; }

    /// <summary>Why it could not be ended.</summary>
    public string? Failure { get; init; }

    public bool IsRunning => EndedAt is null;
}
