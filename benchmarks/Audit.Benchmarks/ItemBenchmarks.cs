using BenchmarkDotNet.Attributes;

namespace Audit.Benchmarks;

/// <summary>Items of about a kilobyte, read from their bytes and written as events. Figures are for one item.</summary>
public class ItemBenchmarks
{
    private const int Items = 1_000;

    private readonly ItemReader reader = new(new RecordHasher(new byte[RecordHasher.KeyLength]));
    private readonly ItemDefaults defaults = new("load", "load", Timestamp.From(DateTimeOffset.UtcNow));
    private readonly EventWriter writer = new(TestKeys.Proof);
    private readonly Message[] messages = new Workload(run: 1, records: Items).Messages;
    private CallSubmission[] calls = [];
    private CallEvent[] events = [];
    private byte[]?[] keys = [];

    [GlobalSetup]
    public void Prepare()
    {
        calls = ReadCalls.Of(messages);
        TestKeys.Seal.Payloads.EnsureAsync(calls.Select(call => call.Stream), default).GetAwaiter().GetResult();
        keys = [.. calls.Select(call => TestKeys.Seal.Payloads.TryGet(call.Stream, out var key) ? key : null)];
        events = [.. calls.Select(call => CallDecider.Decide(CallHistory.Empty, call.Message).Events[0])];
    }

    [Benchmark(OperationsPerInvoke = Items)]
    public int Parse()
    {
        var bytes = 0;
        foreach (var message in messages)
        {
            bytes += reader.Read(message.Item, defaults).Submission!.Bytes;
        }

        return bytes;
    }

    [Benchmark(OperationsPerInvoke = Items)]
    public int Encode()
    {
        var bytes = 0;
        for (var index = 0; index < Items; index++)
        {
            var call = calls[index];
            writer.Begin(call.Stream, after: 0, keys[index]);
            var context = new CallContext(call.Session, call.ToolCallId, call.Agent, call.Message, call.Record);
            bytes += writer.Write(context, events[index]).Message.Length;
        }

        return bytes;
    }

    [GlobalCleanup]
    public void End() => writer.Dispose();
}
