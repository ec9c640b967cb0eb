using System.Buffers.Binary;
using System.Numerics;

namespace Audit.Lifecycle.Hashing;

/// <summary>
/// SipHash-2-4 with 128 bits (Aumasson, Bernstein): a keyed hash whose collisions nobody finds who lacks the key, at
/// a small
/// part of what HMAC-SHA256 costs on short texts. It is for values that are only compared and never written down.
/// </summary>
public readonly struct SipHash(ulong key0, ulong key1)
{
    private const int WordLength = sizeof(ulong);

    public Fingerprint Of(ReadOnlySpan<byte> bytes)
    {
        var state = new State(key0, key1);
        var rest = bytes;
        for (; rest.Length >= WordLength; rest = rest[WordLength..])
        {
            state.Take(BinaryPrimitives.ReadUInt64LittleEndian(rest));
        }

        Span<byte> last = stackalloc byte[WordLength];
        last.Clear();
        rest.CopyTo(last);
        last[^1] = (byte)bytes.Length;
        state.Take(BinaryPrimitives.ReadUInt64LittleEndian(last));
        return state.End();
    }

    private struct State(ulong key0, ulong key1)
    {
        private ulong v0 = key0 ^ 0x736f6d6570736575;
        private ulong v1 = key1 ^ 0x646f72616e646f6d ^ 0xee;
        private ulong v2 = key0 ^ 0x6c7967656e657261;
        private ulong v3 = key1 ^ 0x7465646279746573;

        public void Take(ulong word)
        {
            v3 ^= word;
            Round();
            Round();
            v0 ^= word;
        }

        public Fingerprint End()
        {
            v2 ^= 0xee;
            var high = Finish();
            v1 ^= 0xdd;
            return new Fingerprint(high, Finish());
        }

        private ulong Finish()
        {
            Round();
            Round();
            Round();
            Round();
            return v0 ^ v1 ^ v2 ^ v3;
        }

        private void Round()
        {
            v0 += v1;
            v2 += v3;
            v1 = BitOperations.RotateLeft(v1, 13) ^ v0;
            v3 = BitOperations.RotateLeft(v3, 16) ^ v2;
            v0 = BitOperations.RotateLeft(v0, 32);
            v2 += v1;
            v0 += v3;
            v1 = BitOperations.RotateLeft(v1, 17) ^ v2;
            v3 = BitOperations.RotateLeft(v3, 21) ^ v0;
            v2 = BitOperations.RotateLeft(v2, 32);
        }
    }
}
