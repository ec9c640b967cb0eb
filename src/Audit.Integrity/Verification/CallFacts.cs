namespace Audit.Integrity.Verification;

/// <summary>A call that is not settled, or whose rows alone do not show whether it is.</summary>
internal sealed class CallFacts(SessionFacts session, string toolCallId)
{
    public SessionFacts Session { get; } = session;

    public string ToolCallId { get; } = toolCallId;

    public CallState State { get; set; }

    public bool IsReordered { get; set; }

    public long Position { get; set; }
}
