namespace Audit.Load.Workloads;

/// <summary>Keeps many small texts in few large arrays, so that the collector has no workload to walk through.</summary>
internal sealed class Arena
{
    private const int SegmentBytes = 16 << 20;

    private byte[] segment = [];
    private int used;

    public ReadOnlyMemory<byte> Keep(ReadOnlySpan<byte> bytes)
    {
        if (segment.Length - used < bytes.Length)
        {
            segment = new byte[Math.Max(SegmentBytes, bytes.Length)];
            used = 0;
        }

        bytes.CopyTo(segment.AsSpan(used));
        var kept = segment.AsMemory(used, bytes.Length);
        used += bytes.Length;
        return kept;
    }
}
