using System.Buffers.Binary;

namespace Audit.Projections.Search.Postgres;

/// <summary>A word of a document that is being sorted.</summary>
/// <param name="Head">Its first bytes as a number, by which most words are told apart.</param>
/// <param name="Place">Which word of the document it is, counted from 1; 0 for a mark.</param>
internal readonly record struct WordPlace(ulong Head, int Start, int Length, int Place)
{
    public static WordPlace Of(ReadOnlySpan<byte> text, int start, int length, int place)
    {
        Span<byte> head = stackalloc byte[sizeof(ulong)];
        head.Clear();
        text.Slice(start, Math.Min(length, sizeof(ulong))).CopyTo(head);
        return new WordPlace(BinaryPrimitives.ReadUInt64BigEndian(head), start, length, place);
    }
}
