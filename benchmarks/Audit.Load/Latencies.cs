using System.Diagnostics;

namespace Audit.Load;

/// <summary>Times of single operations, gathered by many at once.</summary>
internal sealed class Latencies(int expected)
{
    private readonly List<long> ticks = new(expected);

    public void Add(IReadOnlyCollection<long> more)
    {
        lock (ticks)
        {
            ticks.AddRange(more);
        }
    }

    public TimeSpan? Median() => At(0.5);

    /// <param name="share">0.99 for what only one in a hundred exceeds.</param>
    public TimeSpan? At(double share)
    {
        lock (ticks)
        {
            ticks.Sort();
            var at = Math.Min((int)(ticks.Count * share), ticks.Count - 1);
            return at < 0 ? null : Stopwatch.GetElapsedTime(0, ticks[at]);
        }
    }
}
