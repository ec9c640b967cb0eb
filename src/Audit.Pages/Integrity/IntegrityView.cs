namespace Audit.Pages.Integrity;

/// <param name="Head">Null before anything was sealed.</param>
/// <param name="Root">The root of the newest checkpoint, in base64.</param>
/// <param name="Journal">The last position of the journal.</param>
public sealed record IntegrityView(LogHead? Head, string? Root, long Journal, string SealState, SealerStatus Seal, VerificationRun? Run);
