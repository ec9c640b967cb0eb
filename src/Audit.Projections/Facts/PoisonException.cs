namespace Audit.Projections.Facts;

/// <summary>An event that cannot be read. It is never passed over silently.</summary>
public sealed class PoisonException(long position, string sentence, Exception? inner = null) : Exception(sentence, inner)
{
    public long Position { get; } = position;
}
