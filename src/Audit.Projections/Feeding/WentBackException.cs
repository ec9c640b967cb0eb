namespace Audit.Projections.Feeding;

/// <summary>The journal is not the one that the read models were fed from: a backup was restored, or commits were lost.</summary>
internal sealed class WentBackException(long position) : Exception(
    $"journal went back: the row at position {position} is gone or is another one than was read. "
    + "Rebuild the read models once the journal is known to be the right one.")
{
    public long Position { get; } = position;
}
