namespace Audit.Load.Reports;

/// <summary>All runs of one floor or subject: of each figure the median of the runs, null where it was not taken.</summary>
/// <param name="MedianLatency">In milliseconds.</param>
/// <param name="TailLatency">In milliseconds, what one in a hundred exceeds.</param>
/// <param name="MicrosecondsOfProcessor">For one event, of the harness's process.</param>
/// <param name="NodeMicroseconds">For one event, of the node's process.</param>
/// <param name="NodeAllocated">Bytes of managed objects for one event, of the node's process.</param>
/// <param name="ServerMicroseconds">For one event, of the database's server.</param>
/// <param name="NodeMegabytes">Resident at most.</param>
/// <param name="NodeGrownMegabytes">Resident at most, above what it was when idle.</param>
/// <param name="StoredForAByte">Bytes on the disk for a byte of record.</param>
/// <param name="StoredWithoutIndex">The same without the text index.</param>
/// <param name="StoredOfARow">Bytes on the disk for each row that lies there.</param>
internal sealed record ResultRow(
    string Name, double Median, double Min, double Max, double? MedianLatency, double? TailLatency,
    double MicrosecondsOfProcessor, double BytesAllocated, double? NodeMicroseconds, double? NodeAllocated,
    double? ServerMicroseconds, double? NodeMegabytes, double? NodeGrownMegabytes, double? StoredForAByte,
    double? StoredWithoutIndex, double? StoredOfARow, string? Note)
{
    public static ResultRow Of(string name, IReadOnlyList<Sample> samples)
    {
        var rates = samples.Select(sample => sample.PerSecond).ToArray();
        return new ResultRow(
            name, Middle(rates), rates.Min(), rates.Max(),
            Known(sample => sample.MedianLatency?.TotalMilliseconds),
            Known(sample => sample.TailLatency?.TotalMilliseconds),
            Middle([.. samples.Select(sample => sample.ProcessorTime.TotalMicroseconds / sample.Events)]),
            Middle([.. samples.Select(sample => (double)sample.AllocatedBytes / sample.Events)]),
            Known(sample => sample.Node?.MicrosecondsAnEvent),
            Known(sample => sample.Node?.BytesAllocated),
            Known(sample => sample.ServerTime?.TotalMicroseconds / sample.Events),
            Known(sample => sample.Node?.ResidentMegabytes),
            Known(sample => sample.Node?.GrownMegabytes),
            Known(sample => sample.Stored?.ForAByte),
            Known(sample => sample.Stored?.ForAByteWithoutIndex),
            Known(sample => sample.Stored?.OfARow),
            samples[^1].Note);

        double? Known(Func<Sample, double?> figure)
        {
            var known = samples.Select(figure).OfType<double>().ToArray();
            return known.Length == 0 ? null : Middle(known);
        }
    }

    public static double Middle(double[] figures)
    {
        Array.Sort(figures);
        var half = figures.Length / 2;
        return figures.Length % 2 == 1 ? figures[half] : (figures[half - 1] + figures[half]) / 2;
    }
}
