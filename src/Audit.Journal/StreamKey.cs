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
