using Audit.Load.Workloads;

namespace Audit.Load.Stores;

/// <summary>The rows of earlier days, slice by slice, with ids that no run has.</summary>
internal static class Prefill
{
    private const int SliceRows = 100_000;
    private const int FirstRun = 1_000_000;

    public static IEnumerable<JournalRowToCopy[]> Slices(int rows)
    {
        for (var (slice, made) = (0, 0); made < rows; slice++)
        {
            var count = Math.Min(SliceRows, rows - made);
            yield return new Workload(FirstRun + slice, count).Rows;
            made += count;
        }
    }
}
