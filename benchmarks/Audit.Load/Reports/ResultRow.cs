namespace Audit.Load.Reports;

/// <summary>All runs of one floor or subject.</summary>
/// <param name="MedianLatency">In milliseconds, the median of the runs' medians.</param>
/// <param name="MicrosecondsOfProcessor">For one event, of the harness's process.</param>
internal sealed record ResultRow(
    string Name, double Median, double Min, double Max, double? MedianLatency,
    double MicrosecondsOfProcessor, double BytesAllocated, string? Note)
{
    public static ResultRow Of(string name, IReadOnlyList<Sample> samples)
    {
        var rates = samples.Select(sample => sample.PerSecond).ToArray();
        var latencies = samples.Select(sample => sample.MedianLatency?.TotalMilliseconds).OfType<double>().ToArray();
        return new ResultRow(
            name, Middle(rates), rates.Min(), rates.Max(),
            latencies.Length == 0 ? null : Middle(latencies),
            Middle([.. samples.Select(sample => sample.ProcessorTime.TotalMicroseconds / sample.Events)]),
            Middle([.. samples.Select(sample => (double)sample.AllocatedBytes / sample.Events)]),
            samples[^1].Note);
    }

    public static double Middle(double[] figures)
    {
        Array.Sort(figures);
        var half = figures.Length / 2;
        return figures.Length % 2 == 1 ? figures[half] : (figures[half - 1] + figures[half]) / 2;
    }
}
