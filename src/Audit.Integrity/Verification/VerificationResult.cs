namespace Audit.Integrity.Verification;

/// <summary>What a verification found: that nobody changed the book, and that the hosts told all.</summary>
public sealed record VerificationResult(IntegrityVerdict Integrity, CompletenessVerdict Completeness)
{
    public bool IsGood => Integrity.IsIntact && Completeness.IsComplete;
}
