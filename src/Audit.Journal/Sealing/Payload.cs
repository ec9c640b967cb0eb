using System.Buffers.Binary;
using System.Buffers.Text;
using System.IO.Compression;
using System.Numerics;
using System.Security.Cryptography;

namespace Audit.Journal.Sealing;

/// <summary>
/// The content, in the message that says what the law needs: the record's bytes, compressed where that makes them
/// smaller, and sealed for this place in this stream under the stream's own key.
/// </summary>
public static class Payload
{
    public const int NonceLength = 12;

    private const int TagLength = 16, HeaderLength = 1 + sizeof(int);
    private const int WorthCompressing = 200, SmallestWindow = 10, LargestWindow = 18;
    private const byte AsIs = 0, Compressed = 1;

    private static ReadOnlySpan<byte> Before => ",\"payload\":\""u8;

    /// <summary>Whether a message has one.</summary>
    public static bool IsIn(ReadOnlySpan<byte> message) => message.LastIndexOf(Before) >= 0;

    /// <summary>Adds the payload to a message that stands in the buffer but for its end.</summary>
    /// <param name="key">The stream's; of several the first seals.</param>
    /// <param name="nonce">Of the event, which no other event has.</param>
    public static void Append(
        ArrayBufferWriter<byte> message, ReadOnlySpan<byte> content, byte[] key, StreamKey stream, long sequence,
        ReadOnlySpan<byte> nonce)
    {
        var room = HeaderLength + content.Length;
        var plain = ArrayPool<byte>.Shared.Rent(room);
        var sealedBytes = ArrayPool<byte>.Shared.Rent(room + TagLength);
        try
        {
            var length = Pack(content, plain);
            using var cipher = new AesGcm(key.AsSpan(0, RowKeys.KeyLength), TagLength);
            cipher.Encrypt(
                nonce[..NonceLength], plain.AsSpan(0, length), sealedBytes.AsSpan(0, length),
                sealedBytes.AsSpan(length, TagLength), Place(stream.Utf8.Span, sequence));
            message.Write(Before);
            var text = message.GetSpan(Base64Url.GetEncodedLength(length + TagLength));
            message.Advance(Base64Url.EncodeToUtf8(sealedBytes.AsSpan(0, length + TagLength), text));
            message.Write("\""u8);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(plain);
            ArrayPool<byte>.Shared.Return(sealedBytes);
        }
    }

    /// <summary>The message with its content in the place of the payload.</summary>
    /// <param name="member">Its name there.</param>
    /// <param name="key">The stream's, or several one after the other; null when there is none any more.</param>
    /// <param name="isClosed">Whether there is a payload that cannot be opened.</param>
    /// <returns>The message itself where it has no payload; without the payload where it cannot be opened.</returns>
    public static byte[] Open(JournalRow row, string member, byte[]? key, out bool isClosed)
    {
        isClosed = false;
        var message = row.Message.AsSpan();
        var at = message.LastIndexOf(Before);
        var length = at < 0 ? -1 : message[(at + Before.Length)..].IndexOf((byte)'"');
        if (length < 0)
        {
            return row.Message;
        }

        var head = message[..at];
        var place = Place(Encoding.UTF8.GetBytes(row.PersistenceId), row.Sequence);
        var content = key is null ? null : Unpack(message.Slice(at + Before.Length, length), head, place, key);
        isClosed = content is null;
        return content is null
            ? [.. head, (byte)'}']
            : Opened(head, member, content, new ArrayBufferWriter<byte>(head.Length + content.Length + 16)).ToArray();
    }

    /// <summary>What a message says so far, and its content in the place of a payload.</summary>
    public static ReadOnlySpan<byte> Opened(
        ReadOnlySpan<byte> head, string member, ReadOnlySpan<byte> content, ArrayBufferWriter<byte> into)
    {
        into.ResetWrittenCount();
        into.Write(head);
        into.Write(",\""u8);
        Encoding.UTF8.GetBytes(member, into);
        into.Write("\":"u8);
        into.Write(content);
        into.Write("}"u8);
        return into.WrittenSpan;
    }

    /// <summary>Whether the payload of a message, which has one, opens.</summary>
    public static bool Opens(ReadOnlySpan<byte> message, ReadOnlySpan<byte> stream, long sequence, byte[] key)
    {
        var at = message.LastIndexOf(Before);
        var text = message[(at + Before.Length)..];
        var length = text.IndexOf((byte)'"');
        return length > 0 && Decrypt(text[..length], message[..at], Place(stream, sequence), key, static _ => true);
    }

    private static byte[]? Unpack(ReadOnlySpan<byte> text, ReadOnlySpan<byte> head, byte[] place, byte[] key) =>
        Decrypt(text, head, place, key, static plain =>
        {
            var content = new byte[BinaryPrimitives.ReadInt32LittleEndian(plain[1..])];
            var packed = plain[HeaderLength..];
            if (plain[0] == AsIs)
            {
                packed.CopyTo(content);
                return content;
            }

            var isWhole = BrotliDecoder.TryDecompress(packed, content, out var written) && written == content.Length;
            return isWhole ? content : null;
        });

    /// <returns>What is made of the plain bytes; nothing where they cannot be had.</returns>
    private static T? Decrypt<T>(
        ReadOnlySpan<byte> text, ReadOnlySpan<byte> head, byte[] place, byte[] key, Func<ReadOnlySpan<byte>, T> use)
    {
        var sealedBytes = ArrayPool<byte>.Shared.Rent(Base64Url.GetMaxDecodedLength(text.Length));
        var plain = ArrayPool<byte>.Shared.Rent(sealedBytes.Length);
        try
        {
            if (!Base64Url.TryDecodeFromUtf8(text, sealedBytes, out var length)
                || length < HeaderLength + TagLength || Nonce(head) is not { } nonce)
            {
                return default;
            }

            var body = sealedBytes.AsSpan(0, length - TagLength);
            var tag = sealedBytes.AsSpan(length - TagLength, TagLength);
            for (var at = 0; at < key.Length; at += RowKeys.KeyLength)
            {
                if (TryDecrypt(key.AsSpan(at, RowKeys.KeyLength), nonce, body, tag, plain.AsSpan(0, body.Length), place))
                {
                    return use(plain.AsSpan(0, body.Length));
                }
            }

            return default;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(sealedBytes);
            ArrayPool<byte>.Shared.Return(plain);
        }
    }

    /// <summary>The tag tells whether it is the key.</summary>
    private static bool TryDecrypt(
        ReadOnlySpan<byte> key, byte[] nonce, ReadOnlySpan<byte> body, ReadOnlySpan<byte> tag, Span<byte> plain,
        byte[] place)
    {
        try
        {
            using var cipher = new AesGcm(key, TagLength);
            cipher.Decrypt(nonce.AsSpan(0, NonceLength), body, tag, plain, place);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
    }

    private static int Pack(ReadOnlySpan<byte> content, byte[] plain)
    {
        BinaryPrimitives.WriteInt32LittleEndian(plain.AsSpan(1), content.Length);
        var room = plain.AsSpan(HeaderLength, content.Length);
        if (content.Length >= WorthCompressing
            && BrotliEncoder.TryCompress(content, room, out var written, quality: 0, WindowOf(content.Length)))
        {
            plain[0] = Compressed;
            return HeaderLength + written;
        }

        plain[0] = AsIs;
        content.CopyTo(room);
        return HeaderLength + content.Length;
    }

    /// <summary>
    /// Bits, no more than the content needs: what a larger window needs to be set up costs as much as the rest.
    /// </summary>
    private static int WindowOf(int length) =>
        Math.Clamp(BitOperations.Log2((uint)length) + 1, SmallestWindow, LargestWindow);

    /// <summary>Sealed for one place, a payload that was moved to another does not open.</summary>
    private static byte[] Place(ReadOnlySpan<byte> stream, long sequence)
    {
        var place = new byte[sizeof(long) + stream.Length];
        BinaryPrimitives.WriteInt64BigEndian(place, sequence);
        stream.CopyTo(place.AsSpan(sizeof(long)));
        return place;
    }

    private static byte[]? Nonce(ReadOnlySpan<byte> head)
    {
        // It is written by us, so that it has no escapes; a text that looks like it holds no bare quotation mark.
        var name = "\"nonce\":\""u8;
        var at = head.LastIndexOf(name);
        var text = at < 0 ? default : head[(at + name.Length)..];
        var end = text.IndexOf((byte)'"');
        return end < 0 || Base64Url.DecodeFromUtf8(text[..end]) is not { Length: >= NonceLength } nonce ? null : nonce;
    }
}
