namespace Audit.Integrity.Verification;

/// <summary>How far a verification is.</summary>
/// <param name="Sealed">How many rows the checkpoint covers; more may follow that it does not cover.</param>
public readonly record struct VerifyProgress(long Rows, long Sealed);
