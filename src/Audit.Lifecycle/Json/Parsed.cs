using System.Diagnostics.Metrics;

namespace Audit.Lifecycle.Json;

/// <summary>
/// Counts what is parsed, for whoever listens: nothing may be parsed twice on its way to one consumer.
/// </summary>
public static class Parsed
{
    public const string MeterName = "Audit.Lifecycle";

    private static readonly Meter Meter = new(MeterName);

    /// <summary>Records by the strict reader of the intake.</summary>
    internal static readonly Counter<long> Records = Meter.CreateCounter<long>("audit.parsed.records");

    /// <summary>Events of which only the beginning was wanted.</summary>
    internal static readonly Counter<long> Heads = Meter.CreateCounter<long>("audit.parsed.heads");

    /// <summary>Events, by their view.</summary>
    internal static readonly Counter<long> Events = Meter.CreateCounter<long>("audit.parsed.events");
}
