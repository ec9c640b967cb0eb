using System.Buffers.Binary;

namespace Audit.Lifecycle.Tests.Hashing;

public sealed class SipHashTests
{
    /// <summary>The key 00 01 … 0f and the texts 00 01 … of the authors' reference implementation.</summary>
    [Theory]
    [InlineData(0, "A3817F04BA25A8E66DF67214C7550293")]
    [InlineData(1, "DA87C1D86B99AF44347659119B22FC45")]
    [InlineData(15, "5493E99933B0A8117E08EC0F97CFC3D9")]
    public void it_is_siphash_2_4_with_128_bits(int length, string expected)
    {
        var text = Enumerable.Range(0, length).Select(value => (byte)value).ToArray();
        var hash = new SipHash(0x0706050403020100, 0x0F0E0D0C0B0A0908).Of(text);

        Span<byte> bytes = stackalloc byte[Fingerprint.Length];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, hash.High);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[8..], hash.Low);
        Assert.Equal(expected, Convert.ToHexString(bytes));
    }
}
