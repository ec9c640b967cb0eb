using System.Buffers;
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

    public ReadOnlySpan<byte> WordsOf(in IndexedDocument document) => Text.WrittenSpan.Slice(document.Start, document.Words);

    public ReadOnlySpan<byte> MarksOf(in IndexedDocument document) =>
        Text.WrittenSpan.Slice(document.Start + document.Words, document.Marks);
}
