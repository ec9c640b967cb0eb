using System.Buffers.Text;

namespace Audit.Lifecycle.Hashing;

/// <summary>
/// Cuts the long strings of a JSON text to a head, with the length and the keyed hash of the whole behind it. Whether a
/// string is cut depends on nothing but itself, so that two records which say the same still do when one was cut.
/// </summary>
public static class LongStrings
{
    public const int HeadBytes = 4096;

    /// <summary>Strings up to here stay whole; it leaves room for the head and what is written behind it.</summary>
    public const int LongestKept = HeadBytes + 256;

    private static readonly SearchValues<byte> QuoteOrEscape = SearchValues.Create("\"\\"u8);

    /// <param name="json">A valid JSON text.</param>
    public static byte[] Cut(ReadOnlySpan<byte> json, RecordHasher hasher)
    {
        var cut = new ArrayBufferWriter<byte>(Math.Min(json.Length, 1 << 18));
        while (!json.IsEmpty)
        {
            var quote = json.IndexOf((byte)'"');
            if (quote < 0)
            {
                cut.Write(json);
                break;
            }

            cut.Write(json[..(quote + 1)]);
            json = json[(quote + 1)..];
            var length = ContentLength(json);
            WriteContent(cut, json[..length], hasher);
            cut.Write("\""u8);
            json = json[(length + 1)..];
        }

        return cut.WrittenSpan.ToArray();
    }

    /// <summary>What stands for a value that is too large even after its strings are cut: a JSON string.</summary>
    /// <param name="cut">The value after <see cref="Cut"/>.</param>
    public static byte[] Marker(ReadOnlySpan<byte> cut, RecordHasher hasher)
    {
        Span<byte> hash = stackalloc byte[Fingerprint.Length];
        hasher.Of(cut, compactLength: -1).CopyTo(hash);
        return Encoding.UTF8.GetBytes(string.Create(
            CultureInfo.InvariantCulture,
            $"\"[cut: {cut.Length} bytes, keyed hash {Base64Url.EncodeToString(hash)}]\""));
    }

    private static void WriteContent(ArrayBufferWriter<byte> cut, ReadOnlySpan<byte> content, RecordHasher hasher)
    {
        if (content.Length <= LongestKept)
        {
            cut.Write(content);
            return;
        }

        Span<byte> hash = stackalloc byte[Fingerprint.Length];
        hasher.OfBytes(content).CopyTo(hash);
        cut.Write(content[..SafeHead(content)]);
        cut.Write(Encoding.UTF8.GetBytes(string.Create(
            CultureInfo.InvariantCulture,
            $"… [cut: {content.Length} bytes, keyed hash {Base64Url.EncodeToString(hash)}]")));
    }

    private static int ContentLength(ReadOnlySpan<byte> json)
    {
        var at = 0;
        while (true)
        {
            at += json[at..].IndexOfAny(QuoteOrEscape);
            if (json[at] == '"')
            {
                return at;
            }

            at += 2;
        }
    }

    /// <summary>The most bytes of a head that end with a whole character.</summary>
    private static int SafeHead(ReadOnlySpan<byte> content)
    {
        var at = 0;
        while (true)
        {
            var next = at + CharacterLength(content[at..]);
            if (next > HeadBytes)
            {
                return at;
            }

            at = next;
        }
    }

    private static int CharacterLength(ReadOnlySpan<byte> content)
    {
        if (content[0] == '\\')
        {
            // A high surrogate is never parted from the low one behind it.
            var isHigh = content[1] == 'u' && (content[2] | 0x20) == 'd' && "89abAB".Contains((char)content[3]);
            return content[1] != 'u' ? 2 : isHigh ? 12 : 6;
        }

        Rune.DecodeFromUtf8(content, out _, out var length);
        return length;
    }
}
