using System.Security.Cryptography;

namespace Audit.Integrity.Tests.Support;

/// <summary>
/// RFC 6962 word for word, over a list of leaf hashes: plain to see that it is right. Of the root of each part it keeps
/// what it once made.
/// </summary>
internal sealed class PlainTree(byte[][] leaves)
{
    private readonly Dictionary<(int From, int To), byte[]> roots = [];

    public static byte[] Root(ReadOnlySpan<byte[]> leaves) => new PlainTree(leaves.ToArray()).Root(leaves.Length);

    /// <summary>MTH(D[0:n]).</summary>
    public byte[] Root(int n) => Root(0, n);

    /// <summary>PATH(m, D[0:n]).</summary>
    public List<byte[]> Path(int m, int n) => Path(m, 0, n);

    /// <summary>PROOF(m, D[0:n]).</summary>
    public List<byte[]> Proof(int m, int n) => m == 0 || m == n ? [] : SubProof(m, 0, n, complete: true);

    private byte[] Root(int from, int to)
    {
        if (!roots.TryGetValue((from, to), out var root))
        {
            var k = from + Split(to - from);
            roots[(from, to)] = root = (to - from) switch
            {
                0 => SHA256.HashData([]),
                1 => leaves[from],
                _ => SHA256.HashData([1, .. Root(from, k), .. Root(k, to)]),
            };
        }

        return root;
    }

    private List<byte[]> Path(int m, int from, int to)
    {
        if (to - from == 1)
        {
            return [];
        }

        var k = from + Split(to - from);
        return m < k - from
            ? [.. Path(m, from, k), Root(k, to)]
            : [.. Path(m - (k - from), k, to), Root(from, k)];
    }

    private List<byte[]> SubProof(int m, int from, int to, bool complete)
    {
        if (m == to - from)
        {
            return complete ? [] : [Root(from, to)];
        }

        var k = from + Split(to - from);
        return m <= k - from
            ? [.. SubProof(m, from, k, complete), Root(k, to)]
            : [.. SubProof(m - (k - from), k, to, false), Root(from, k)];
    }

    private static int Split(int n)
    {
        var k = 1;
        while (2 * k < n)
        {
            k *= 2;
        }

        return k;
    }
}
