namespace Audit.Integrity.Verification;

/// <summary>A call that was never settled though its session was noted as ended.</summary>
/// <param name="Position">Of the call's last event.</param>
public sealed record OpenCall(string SessionId, string ToolCallId, string State, long Position);
