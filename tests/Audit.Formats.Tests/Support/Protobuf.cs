using System.Buffers.Binary;
using System.Text;

namespace Audit.Formats.Tests.Support;

/// <summary>Writes protobuf by hand, right or wrong.</summary>
internal static class Protobuf
{
    public static byte[] Number(int field, ulong value) => [.. Varint((ulong)field << 3), .. Varint(value)];

    public static byte[] Fixed(int field, ulong value)
    {
        var bytes = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        return [.. Varint(((ulong)field << 3) | 1), .. bytes];
    }

    public static byte[] Bytes(int field, params byte[][] parts)
    {
        byte[] content = [.. parts.SelectMany(part => part)];
        return [.. Varint(((ulong)field << 3) | 2), .. Varint((ulong)content.Length), .. content];
    }

    public static byte[] Text(int field, string text) => Bytes(field, Encoding.UTF8.GetBytes(text));

    /// <param name="field">Of what has the attribute: 9 of a span, 6 of a log record, 1 of a resource.</param>
    public static byte[] Attribute(int field, string key, byte[] value) => Bytes(field, Text(1, key), Bytes(2, value));

    public static byte[] Span(string trace, string id, string name, params byte[][] more) =>
        Bytes(2,
            Bytes(1, Convert.FromHexString(trace)), Bytes(2, Convert.FromHexString(id)), Text(5, name),
            Fixed(7, 1_767_225_600_000_000_001), Fixed(8, 1_767_225_601_123_456_789), [.. more.SelectMany(part => part)]);

    /// <summary>A request for export of one resource and scope, of spans or of log records.</summary>
    public static byte[] Request(params byte[][] spans) => Bytes(1, Bytes(2, [Bytes(1, Text(1, "agent")), .. spans]));

    public static IEnumerable<byte> Varint(ulong value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            yield return (byte)(value | 0x80);
        }

        yield return (byte)value;
    }
}
