using System.Runtime.InteropServices;

namespace Audit.Load;

/// <summary>What the figures were measured on; without it they mean nothing.</summary>
internal sealed record Machine(
    string Processor, int Cores, double MemoryGigabytes, string System, string Runtime, string Database)
{
    public static Machine Describe(string database) => new(
        ProcessorName(),
        Environment.ProcessorCount,
        Math.Round(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (double)(1 << 30), 1),
        RuntimeInformation.OSDescription,
        RuntimeInformation.FrameworkDescription,
        database);

    public override string ToString() =>
        $"{Cores} cores ({Processor}), {MemoryGigabytes} GB, {System}, {Runtime}, {Database}";

    private static string ProcessorName()
    {
        const string Cpus = "/proc/cpuinfo";
        var line = File.Exists(Cpus)
            ? File.ReadLines(Cpus).FirstOrDefault(text => text.StartsWith("model name"))
            : null;
        return line?.Split(':', 2)[1].Trim() ?? RuntimeInformation.ProcessArchitecture.ToString();
    }
}
