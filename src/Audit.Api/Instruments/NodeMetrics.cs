using System.Diagnostics;

namespace Audit.Api.Instruments;

/// <summary>What the node counts itself, as it goes.</summary>
internal sealed class NodeMetrics
{
    private const int StatusClasses = 6;
    private static readonly ReceiptStatus[] Statuses = Enum.GetValues<ReceiptStatus>();

    private readonly long started = Stopwatch.GetTimestamp();
    private readonly long[] receipts = new long[Statuses.Length];
    private readonly long[] requests = new long[StatusClasses];
    private long requestTicks;

    public TimeSpan Uptime => Stopwatch.GetElapsedTime(started);

    public TimeSpan RequestTime => TimeSpan.FromTicks(Interlocked.Read(ref requestTicks));

    public void Count(ReceiptStatus status) => Interlocked.Increment(ref receipts[(int)status]);

    public void CountRequest(int status, TimeSpan took)
    {
        Interlocked.Increment(ref requests[Math.Clamp(status / 100, 0, StatusClasses - 1)]);
        Interlocked.Add(ref requestTicks, took.Ticks);
    }

    public IEnumerable<(string Status, long Count)> Receipts() =>
        Statuses.Select(status => (status.ToString().ToLowerInvariant(), Interlocked.Read(ref receipts[(int)status])));

    public IEnumerable<(string Class, long Count)> Requests() =>
        Enumerable.Range(1, StatusClasses - 1).Select(digit => ($"{digit}xx", Interlocked.Read(ref requests[digit])));
}

internal static class NodeVersion
{
    public static string Text { get; } = typeof(NodeVersion).Assembly.GetName().Version?.ToString(3) ?? "0.0.0";
}
