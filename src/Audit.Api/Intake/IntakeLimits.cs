namespace Audit.Api.Intake;

/// <summary>The bounds of taking in. Each keeps one client from taking the node's memory from the others.</summary>
internal static class IntakeLimits
{
    /// <summary>Items of a stream that are submitted together.</summary>
    public const int BatchItems = 500;

    /// <summary>Bytes of a stream that are submitted together, unless one item is larger.</summary>
    public const int BatchBytes = 1 << 20;

    /// <summary>Batches of one stream that may wait for their receipts.</summary>
    public const int BatchesInFlight = 4;

    /// <summary>Batches of all streams that may wait for their receipts.</summary>
    public const int BatchesInFlightOfAll = 64;

    /// <summary>NDJSON streams at one time.</summary>
    public const int Streams = 1_024;

    /// <summary>A body that is not a stream, decoded.</summary>
    public const int BodyBytes = 64 << 20;

    /// <summary>Bodies above this wait for one of a few places.</summary>
    public const int SmallBodyBytes = 1 << 20;

    public const int LargeBodies = 8;

    /// <summary>Beside the patience for its start and its pauses, a body has a second for each of these.</summary>
    public const int BodyBytesPerSecond = 128 << 10;

    public const int ArrayItems = 100_000;

    /// <summary>What is kept of an item that is too large to be read; its names stand at its head.</summary>
    public const int OversizedHeadBytes = 1 << 20;

    /// <summary>Receipts kept in memory for a client that does not read; more go into a file.</summary>
    public const int ReceiptBytesInMemory = 1 << 20;

    /// <summary>Receipts kept in a file; beyond it the stream ends.</summary>
    public const long ReceiptBytesInFile = 1L << 30;

    /// <summary>A client that has taken no byte of its receipts for so long is gone.</summary>
    public static readonly TimeSpan ReceiptPatience = TimeSpan.FromMinutes(10);

    /// <summary>Up to here a compressed body may be as dense as it likes.</summary>
    public const long DenseBytes = 64L << 20;

    /// <summary>Beyond it no byte may stand for more than these.</summary>
    public const int Density = 200;
}
