using System.Text.Unicode;
using Audit.Projections.Language;

namespace Audit.Projections.Search;

/// <summary>Writes the words of one event after another into a batch.</summary>
internal sealed class DocumentWriter : ITextVisitor
{
    private static readonly UTF8Encoding Utf8Encoding = new();

    private readonly ArrayBufferWriter<byte> marks = new(1024);
    private ArrayBufferWriter<byte> words = new();
    private int start;
    private int count;

    public void Begin(ArrayBufferWriter<byte> text)
    {
        words = text;
        start = text.WrittenCount;
        count = 0;
        marks.ResetWrittenCount();
    }

    public void Visit(TextPlace place, ReadOnlySpan<char> text, bool isKey)
    {
        var reader = new WordReader(text);
        Span<char> folded = stackalloc char[WordReader.LongestWord];
        while (count < IndexLimits.MostWords && Used < IndexLimits.MostBytes && reader.Next())
        {
            Write(reader.IsWhole ? marks : words, folded[..Letters.Fold(reader.Word, folded)]);
            count += reader.IsWhole ? 0 : 1;
        }
    }

    public void Mark(string mark) => Write(marks, mark);

    public IndexedDocument End(long position, long call, long at)
    {
        var length = words.WrittenCount - start;
        words.Write(marks.WrittenSpan);
        return new IndexedDocument(position, call, at, start, length, marks.WrittenCount);
    }

    /// <summary>Takes back what was written of an event that cannot be read.</summary>
    public void Abandon()
    {
        // The words stay in the text and belong to no document.
        start = words.WrittenCount;
    }

    private int Used => words.WrittenCount - start + marks.WrittenCount;

    private static void Write(ArrayBufferWriter<byte> buffer, ReadOnlySpan<char> word)
    {
        var room = buffer.GetSpan(Utf8Encoding.GetMaxByteCount(word.Length) + 1);
        Utf8.FromUtf16(word, room, out _, out var written);
        room[written] = (byte)' ';
        buffer.Advance(written + 1);
    }
}
