namespace Audit.Engine.Intake;

/// <summary>An item that was read: a submission, or the sentence why there is none.</summary>
public readonly record struct ItemRead(Submission? Submission, string? Error);
