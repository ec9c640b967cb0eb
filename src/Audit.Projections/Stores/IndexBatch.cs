using Audit.Projections.Language;

namespace Audit.Projections.Stores;

/// <summary>What some events add to the index, and the offset that they bring with them.</summary>
/// <param name="text">Its room for text, used again for a later batch.</param>
internal sealed class IndexBatch(ReadOffset from, ArrayBufferWriter<byte> text)
{
    public ReadOffset From { get; } = from;

    public ReadOffset To { get; set; } = from;

    /// <summary>When the last of the events was written.</summary>
    public long CreatedTicks { get; set; }

    public List<IndexedDocument> Documents { get; } = [];

    public ArrayBufferWriter<byte> Text => text;

    /// <summary>Values of keys that may be new.</summary>
    public List<(SearchKey Key, string Name)> Names { get; } = [];

    /// <summary>Events that cannot be read, with what is wrong.</summary>
    public List<(long Position, string Sentence)> Unread { get; } = [];

    public ReadOnlySpan<byte> WordsOf(in IndexedDocument document) =>
        Text.WrittenSpan.Slice(document.Start, document.Words);

    public ReadOnlySpan<byte> MarksOf(in IndexedDocument document) =>
        Text.WrittenSpan.Slice(document.Start + document.Words, document.Marks);
}

/// <summary>An event as the index has it.</summary>
/// <param name="Call">The <see cref="CallModel.Id"/> of its call; 0 for a note.</param>
/// <param name="At">When it happened.</param>
/// <param name="Start">Where its words begin in the batch's text, a space between each two.</param>
/// <param name="Words">How long they are.</param>
/// <param name="Marks">How long what follows them is: marks, and runs as wholes.</param>
internal readonly record struct IndexedDocument(long Position, long Call, long At, int Start, int Words, int Marks);

/// <summary>
/// How much of one event is indexed; what lies behind it is in the journal and is not found by its words.
/// </summary>
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
