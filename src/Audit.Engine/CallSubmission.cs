namespace Audit.Engine;

/// <summary>A record of a tool call. The bytes of the record must stay as they are until the receipt is there.</summary>
public sealed class CallSubmission(
    StreamKey stream, string sessionId, string toolCallId, string? agent, CallMessage message, ReadOnlyMemory<byte> record)
    : Submission(stream)
{
    public string SessionId { get; } = sessionId;

    public string ToolCallId { get; } = toolCallId;

    public string? Agent { get; } = agent;

    public CallMessage Message { get; } = message;

    public ReadOnlyMemory<byte> Record { get; } = record;

    public override int Affinity => SessionId.GetHashCode();

    public override int Bytes => Record.Length;
}
