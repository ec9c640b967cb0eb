namespace Audit.Journal;

/// <summary>
/// A writer's hold on one stream. The journal sets <see cref="Lost"/> when the stream's last sequence number is
/// not the one the writer expected, and from then on skips every row of this handle, in this append and in all later
/// ones: what was decided on a wrong history can never be written, even if the numbers should happen to fit again.
/// The writer starts over with a new handle.
/// </summary>
public sealed class StreamHandle(StreamKey key)
{
    private volatile bool lost;

    public StreamKey Key { get; } = key;

    public bool Lost => lost;

    public void Lose() => lost = true;
}
