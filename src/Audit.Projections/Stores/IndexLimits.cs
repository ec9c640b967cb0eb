namespace Audit.Projections.Stores;

/// <summary>How much of one event is indexed; what lies behind it is in the journal and is not found by its words.</summary>
internal static class IndexLimits
{
    /// <summary>PostgreSQL knows no later place of a word than 16,383.</summary>
    public const int MostWords = 10_000;

    public const int MostBytes = 256 * 1024;

    /// <summary>A longer value of a key is found by itself, and by no glob.</summary>
    public const int LongestName = 256;

    /// <summary>Documents gathered in one transaction hold no more text than this, and one more.</summary>
    public const int BatchBytes = 4 << 20;
}
