using System.Buffers.Binary;

namespace Audit.Projections.Postgres;

/// <summary>
/// The words of one document as PostgreSQL's tsvector: each once, in order, with the places where it stands. A place
/// that PostgreSQL would not keep is left out, and a mark says so; another mark says in which stretch of the journal it
/// lies.
/// </summary>
internal sealed class WordVector
{
    /// <summary>PostgreSQL keeps no more places of a word.</summary>
    private const int MostPlaces = 255;

    private static readonly byte[] Crowded = Encoding.UTF8.GetBytes(Marks.Crowded);

    private readonly ushort[] places = new ushort[MostPlaces];
    private WordPlace[] words = new WordPlace[1024];
    private int count;
    private byte[] stretch = [];
    private long stretchNumber = -1;

    /// <param name="text">The words and then the marks of a document, a space after each.</param>
    /// <param name="wordsLength">How much of it are words; marks have no place.</param>
    public void WriteTo(CopyText copy, long position, ReadOnlyMemory<byte> text, int wordsLength)
    {
        if (position >> Marks.StretchBits != stretchNumber)
        {
            stretchNumber = position >> Marks.StretchBits;
            stretch = Encoding.UTF8.GetBytes(Marks.Stretch(stretchNumber));
        }

        Split(text.Span, wordsLength);
        words.AsSpan(0, count).Sort((one, other) => Compare(text, one, other));
        var (distinct, isCrowded) = Count(text.Span);
        var field = copy.BeginField();
        copy.Int32(distinct + 1 + (isCrowded ? 1 : 0));
        for (var first = 0; first < count;)
        {
            first = WriteWord(copy, text.Span, first);
        }

        copy.Word(stretch, []);
        if (isCrowded)
        {
            copy.Word(Crowded, []);
        }

        copy.EndField(field);
    }

    private int WriteWord(CopyText copy, ReadOnlySpan<byte> text, int first)
    {
        var used = 0;
        var next = first;
        for (; next < count && Same(text, words[next], words[first]); next++)
        {
            if (words[next].Place > 0 && used < MostPlaces)
            {
                places[used++] = (ushort)words[next].Place;
            }
        }

        copy.Word(text.Slice(words[first].Start, words[first].Length), places.AsSpan(0, used));
        return next;
    }

    private void Split(ReadOnlySpan<byte> text, int wordsLength)
    {
        count = 0;
        for (int start = 0, place = 1; start < text.Length; place++)
        {
            if (count == words.Length)
            {
                Array.Resize(ref words, 2 * count);
            }

            var length = text[start..].IndexOf((byte)' ');
            words[count++] = WordPlace.Of(text, start, length, start < wordsLength ? place : 0);
            start += length + 1;
        }
    }

    private (int Distinct, bool IsCrowded) Count(ReadOnlySpan<byte> text)
    {
        var (distinct, same, isCrowded) = (0, 0, false);
        for (var index = 0; index < count; index++)
        {
            var isSame = index > 0 && Same(text, words[index], words[index - 1]);
            distinct += isSame ? 0 : 1;
            same = isSame ? same + 1 : 1;
            isCrowded |= same > MostPlaces;
        }

        return (distinct, isCrowded);
    }

    private static bool Same(ReadOnlySpan<byte> text, in WordPlace one, in WordPlace other) =>
        one.Head == other.Head
            && text.Slice(one.Start, one.Length).SequenceEqual(text.Slice(other.Start, other.Length));

    private static int Compare(ReadOnlyMemory<byte> text, in WordPlace one, in WordPlace other)
    {
        var order = one.Head.CompareTo(other.Head);
        order = order != 0
            ? order
            : text.Span.Slice(one.Start, one.Length).SequenceCompareTo(text.Span.Slice(other.Start, other.Length));
        return order != 0 ? order : one.Place.CompareTo(other.Place);
    }
}

/// <summary>A word of a document that is being sorted.</summary>
/// <param name="Head">Its first bytes as a number, by which most words differ.</param>
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
