using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Numerics;

namespace Audit.Benchmarks;

/// <summary>
/// How small the content of a record gets, and how long that and opening it again take: all candidates in turn, again and
/// again, and of each the quickest round, so that what else runs on the machine does not decide.
/// </summary>
internal static class PackingTable
{
    private const int Records = 2_000, Timed = 60, Rounds = 150;

    private static readonly byte[] Room = new byte[1 << 16];

    public static void Write(TextWriter output)
    {
        var records = new Workload(run: 1, Records).Messages.Select(message => message.Record.ToArray()).ToArray();
        var known = PayloadDictionary.Known.ToArray();
        var candidates = new List<(string Name, Func<byte[], byte[]> Pack, Action<byte[], int> Open)>();
        foreach (var quality in (int[])[0, 1, 2, 5])
        {
            candidates.Add(($"Brotli {quality}", record => Brotli(record, quality), (packed, _) =>
                BrotliDecoder.TryDecompress(packed, Room, out var _)));
        }

        foreach (var level in (int[])[1, 2, 6])
        {
            candidates.Add(($"Deflate {level}", record => Deflate(record, level, []), Inflate));
        }

        foreach (var level in (int[])[1, 2, 6])
        {
            candidates.Add(($"Deflate {level}, dictionary", record => Deflate(record, level, known), (packed, length) =>
                PayloadDictionary.TryUnpack(packed, Room.AsSpan(0, length))));
        }

        var few = records.Take(Timed).ToArray();
        var packed = candidates.Select(one => few.Select(one.Pack).ToArray()).ToArray();
        var best = candidates.Select(_ => (Pack: double.MaxValue, Open: double.MaxValue)).ToArray();
        for (var round = 0; round < Rounds; round++)
        {
            for (var index = 0; index < candidates.Count; index++)
            {
                var (_, pack, open) = candidates[index];
                best[index] = (
                    Math.Min(best[index].Pack, Time(at => pack(few[at]))),
                    Math.Min(best[index].Open, Time(at => open(packed[index][at], few[at].Length))));
            }
        }

        var length = records.Average(record => record.Length);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Records} records of {length:0} bytes on average"));
        foreach (var ((name, pack, _), (packing, opening)) in candidates.Zip(best))
        {
            var bytes = records.Average(record => (double)Math.Min(pack(record).Length, record.Length));
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{name,-22} {bytes,5:0} bytes {bytes / length,6:0.0 %} {packing,6:0.0} µs to pack {opening,6:0.0} µs to open"));
        }
    }

    private static double Time(Action<int> work)
    {
        var begun = Stopwatch.GetTimestamp();
        for (var at = 0; at < Timed; at++)
        {
            work(at);
        }

        return Stopwatch.GetElapsedTime(begun).TotalMicroseconds / Timed;
    }

    private static byte[] Brotli(byte[] record, int quality)
    {
        var window = Math.Clamp(BitOperations.Log2((uint)record.Length) + 1, 10, 18);
        BrotliEncoder.TryCompress(record, Room, out var written, quality, window);
        return Room.AsSpan(0, written).ToArray();
    }

    private static byte[] Deflate(byte[] record, int level, byte[] known)
    {
        var packed = new MemoryStream();
        using (var deflate = new DeflateStream(packed, new ZLibCompressionOptions { CompressionLevel = level }, leaveOpen: true))
        {
            if (known.Length > 0)
            {
                deflate.Write(known);
                deflate.Flush();
                packed.SetLength(0);
            }

            deflate.Write(record);
        }

        return packed.ToArray();
    }

    private static void Inflate(byte[] packed, int length)
    {
        using var inflate = new DeflateStream(new MemoryStream(packed), CompressionMode.Decompress);
        inflate.ReadExactly(Room, 0, length);
    }
}
