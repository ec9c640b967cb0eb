using System.Buffers;
using System.Buffers.Binary;

namespace Audit.Integrity.Entries;

/// <summary>Up to 256 entries, each after its length in two bytes, the high one first.</summary>
internal static class EntryBundle
{
    public static byte[] Of(IEnumerable<byte[]> entries)
    {
        var bundle = new ArrayBufferWriter<byte>();
        foreach (var entry in entries)
        {
            BinaryPrimitives.WriteUInt16BigEndian(bundle.GetSpan(sizeof(ushort)), checked((ushort)entry.Length));
            bundle.Advance(sizeof(ushort));
            bundle.Write(entry);
        }
        return bundle.WrittenSpan.ToArray();
    }
}
