using System.Text;
using BenchmarkDotNet.Attributes;

namespace Audit.Benchmarks;

/// <summary>Items of about a kilobyte, looked through for secrets. Figures are for one item.</summary>
public class RedactionBenchmarks
{
    private const int Items = 1_000;

    private readonly Redactor redactor = new(
        RedactionRules.Default, new RecordHasher(new byte[RecordHasher.KeyLength]));

    private readonly ReadOnlyMemory<byte>[] plain =
        [.. new Workload(run: 1, records: Items).Messages.Select(message => (ReadOnlyMemory<byte>)message.Item)];

    private ReadOnlyMemory<byte>[] triggering = [];
    private ReadOnlyMemory<byte>[] secret = [];

    [GlobalSetup]
    public void Prepare()
    {
        triggering = With("\"note\":\"the tokens of https://example.org passed\",");
        secret = With("\"password\":\"hunter2\",");
    }

    /// <summary>No trigger stands in them.</summary>
    [Benchmark(OperationsPerInvoke = Items)]
    public int Plain() => Redact(plain);

    /// <summary>A trigger and no secret.</summary>
    [Benchmark(OperationsPerInvoke = Items)]
    public int Triggering() => Redact(triggering);

    [Benchmark(OperationsPerInvoke = Items)]
    public int Secret() => Redact(secret);

    private ReadOnlyMemory<byte>[] With(string member) =>
        [.. plain.Select(item => (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes("{" + member + Encoding.UTF8.GetString(item.Span)[1..]))];

    private int Redact(ReadOnlyMemory<byte>[] items)
    {
        var bytes = 0;
        foreach (var item in items)
        {
            bytes += redactor.Json(item).Json.Length;
        }

        return bytes;
    }
}
