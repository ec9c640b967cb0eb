namespace Audit.Lifecycle;

public readonly record struct OutcomeFacts(MessageKind Kind, bool Success, Fingerprint Result);
