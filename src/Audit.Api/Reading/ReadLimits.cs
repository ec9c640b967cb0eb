namespace Audit.Api.Reading;

/// <summary>The bounds of reading, so that no answer is held whole that could be large.</summary>
internal static class ReadLimits
{
    public const int PageRows = 500;

    public const long PageBytes = 1 << 20;

    /// <summary>A list ends early when it has become as large as this; the cursor goes on.</summary>
    public const long ListBytes = 8 << 20;

    /// <summary>Rows that one request of a list looks through for those that pass its filter.</summary>
    public const int ListScan = 50_000;

    /// <summary>Live readers at one time.</summary>
    public const int Tails = 256;

    public static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);
}
