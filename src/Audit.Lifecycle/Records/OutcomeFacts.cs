using Audit.Lifecycle.Calls;

namespace Audit.Lifecycle.Records;

public readonly record struct OutcomeFacts(MessageKind Kind, bool Success, Fingerprint Result);
