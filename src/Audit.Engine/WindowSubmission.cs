namespace Audit.Engine;

/// <summary>An act on a task window.</summary>
public sealed class WindowSubmission(string windowId, WindowMessage message, ReadOnlyMemory<byte> said)
    : Submission(new StreamKey(StreamNames.Window(windowId)))
{
    public string WindowId { get; } = windowId;

    public WindowMessage Message { get; } = message;

    /// <summary>The body as it was sent.</summary>
    public ReadOnlyMemory<byte> Said { get; } = said;

    public override int Bytes => Said.Length;
}
