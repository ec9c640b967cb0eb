using System.Collections.Concurrent;
using System.Diagnostics;

namespace Audit.Api.Instruments;

/// <summary>What the node counts itself, as it goes.</summary>
internal sealed class NodeMetrics(TimeProvider clock)
{
    private const int StatusClasses = 6;
    private static readonly ReceiptStatus[] Statuses = Enum.GetValues<ReceiptStatus>();

    private readonly long started = Stopwatch.GetTimestamp();
    private readonly long[] receipts = new long[Statuses.Length];
    private readonly long[] requests = new long[StatusClasses];
    private readonly ConcurrentDictionary<string, long> decisions = new();
    private long requestTicks;
    private long ignored;

    /// <summary>How long transactions of the journal took.</summary>
    public CommitTimes Commits { get; } = new(clock);

    public TimeSpan Uptime => Stopwatch.GetElapsedTime(started);

    public TimeSpan RequestTime => TimeSpan.FromTicks(Interlocked.Read(ref requestTicks));

    public void Count(ReceiptStatus status) => Interlocked.Increment(ref receipts[(int)status]);

    /// <summary>What other systems sent that concerns no call and no session.</summary>
    public long Ignored => Interlocked.Read(ref ignored);

    public void CountIgnored(long count) => Interlocked.Add(ref ignored, count);

    public void CountRequest(int status, TimeSpan took)
    {
        Interlocked.Increment(ref requests[Math.Clamp(status / 100, 0, StatusClasses - 1)]);
        Interlocked.Add(ref requestTicks, took.Ticks);
    }

    /// <param name="decision">What a host was answered, of a few words.</param>
    public void CountDecision(string decision) => decisions.AddOrUpdate(decision, 1, (_, count) => count + 1);

    public IEnumerable<(string Decision, long Count)> Decisions() => decisions.Select(one => (one.Key, one.Value));

    public IEnumerable<(string Status, long Count)> Receipts() =>
        Statuses.Select(status => (status.ToString().ToLowerInvariant(), Interlocked.Read(ref receipts[(int)status])));

    public IEnumerable<(string Class, long Count)> Requests() =>
        Enumerable.Range(1, StatusClasses - 1).Select(digit => ($"{digit}xx", Interlocked.Read(ref requests[digit])));
}

/// <summary>How long commits took, in classes.</summary>
internal sealed class CommitTimes(TimeProvider clock)
{
    /// <summary>Where the classes end, in seconds; the last has no end.</summary>
    public static readonly IReadOnlyList<double> Bounds =
        [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    private readonly long[] counts = new long[Bounds.Count + 1];
    private long ticks;
    private long lastMilliseconds;

    /// <summary>Who else wants each, in seconds.</summary>
    public Action<double>? Also { get; set; }

    public TimeSpan Sum => TimeSpan.FromTicks(Interlocked.Read(ref ticks));

    /// <summary>When the last one ended; null before the first.</summary>
    public DateTimeOffset? LastAt =>
        Interlocked.Read(ref lastMilliseconds) is > 0 and var at ? DateTimeOffset.FromUnixTimeMilliseconds(at) : null;

    public void Add(TimeSpan took)
    {
        var seconds = took.TotalSeconds;
        var place = 0;
        while (place < Bounds.Count && seconds > Bounds[place])
        {
            place++;
        }

        Interlocked.Increment(ref counts[place]);
        Interlocked.Add(ref ticks, took.Ticks);
        Interlocked.Exchange(ref lastMilliseconds, clock.GetUtcNow().ToUnixTimeMilliseconds());
        Also?.Invoke(seconds);
    }

    /// <summary>How many took no longer than each bound, and at the end how many there were.</summary>
    public IReadOnlyList<(string Bound, long Count)> Cumulative()
    {
        var sum = 0L;
        return
        [
            .. counts.Select((_, place) => (
                place < Bounds.Count ? Bounds[place].ToString(CultureInfo.InvariantCulture) : "+Inf",
                sum += Interlocked.Read(ref counts[place]))),
        ];
    }
}

internal static class NodeVersion
{
    public static string Text { get; } = typeof(NodeVersion).Assembly.GetName().Version?.ToString(3) ?? "0.0.0";
}
