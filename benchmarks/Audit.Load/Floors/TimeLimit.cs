using System.Diagnostics;

namespace Audit.Load.Floors;

/// <summary>A commit a record is slow: its rate is known after a few seconds, long before the workload is written.</summary>
internal static class TimeLimit
{
    private const int Seconds = 4;

    public static long Ticks => Seconds * Stopwatch.Frequency;
}
