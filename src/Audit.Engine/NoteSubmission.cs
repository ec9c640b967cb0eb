namespace Audit.Engine;

/// <summary>A note of a session.</summary>
public sealed class NoteSubmission(
    StreamKey stream, string sessionId, string? taskId, string? agent, SessionNote note, ReadOnlyMemory<byte> detail)
    : Submission(stream)
{
    public string SessionId { get; } = sessionId;

    public string? TaskId { get; } = taskId;

    public string? Agent { get; } = agent;

    public SessionNote Note { get; } = note;

    public ReadOnlyMemory<byte> Detail { get; } = detail;

    public override int Affinity => SessionId.GetHashCode();

    public override int Bytes => Detail.Length;
}
