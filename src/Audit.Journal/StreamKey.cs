namespace Audit.Journal;

/// <summary>
/// The persistence_id of a stream as the UTF-8 bytes that both databases take, with its hash worked out once:
/// on the hot path the key is looked up, sharded and written, and never becomes a string.
/// </summary>
public readonly struct StreamKey : IEquatable<StreamKey>
{
    private readonly byte[] utf8;
    private readonly int hash;

    public StreamKey(byte[] utf8)
    {
        this.utf8 = utf8;
        var code = new HashCode();
        code.AddBytes(utf8);
        hash = code.ToHashCode();
    }

    public StreamKey(string persistenceId) : this(Encoding.UTF8.GetBytes(persistenceId)) { }

    public ReadOnlyMemory<byte> Utf8 => utf8;

    public bool Equals(StreamKey other) => hash == other.hash && utf8.AsSpan().SequenceEqual(other.utf8);

    public override bool Equals(object? other) => other is StreamKey key && Equals(key);

    public override int GetHashCode() => hash;

    public override string ToString() => Encoding.UTF8.GetString(utf8);
}

/// <summary>One event by its place in its stream.</summary>
public readonly record struct StreamPlace(StreamKey Stream, long Sequence);

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

    /// <summary>The generation of keys under which its writer seals; a negative one is of nobody.</summary>
    public int KeysOf { get; set; } = -1;

    /// <summary>
    /// What a connection wrote it need not look for again: no row is taken away but with all of a stream, which is
    /// closed then, and one that somebody else added is in the way of the next. Another connection may reach another
    /// server, which has not everything yet, and looks.
    /// </summary>
    internal bool WasWritten(object connection, long sequence) =>
        sequence == lastWritten && ReferenceEquals(connection, writtenOver);

    internal void Wrote(object connection, long last)
    {
        lastWritten = last;
        writtenOver = connection;
    }
}
