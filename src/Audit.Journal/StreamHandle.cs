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
    private object? writtenOver;
    private long lastWritten;

    public StreamKey Key { get; } = key;

    public bool Lost => lost;

    public void Lose() => lost = true;

    /// <summary>
    /// What a connection wrote it need not look for again: no row is ever taken away, and one that somebody else added
    /// is in the way of the next. Another connection may reach another server, which has not everything yet, and looks.
    /// </summary>
    internal bool WasWritten(object connection, long sequence) =>
        sequence == lastWritten && ReferenceEquals(connection, writtenOver);

    internal void Wrote(object connection, long last)
    {
        lastWritten = last;
        writtenOver = connection;
    }
}
