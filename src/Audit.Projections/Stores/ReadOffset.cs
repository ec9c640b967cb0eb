namespace Audit.Projections.Stores;

/// <summary>How far a reader has come: a position, and the digest of the row that lies there.</summary>
internal readonly record struct ReadOffset(long Position, string Digest)
{
    public static readonly ReadOffset Start = new(0, "");
}
