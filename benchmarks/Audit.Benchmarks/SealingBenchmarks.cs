using System.Buffers;
using BenchmarkDotNet.Attributes;

namespace Audit.Benchmarks;

/// <summary>What makes a row of version 2 of an item of about a kilobyte. Figures are for one row.</summary>
public class SealingBenchmarks
{
    private const int Rows = 1_000;
    private const long Sequence = 1;

    private readonly ArrayBufferWriter<byte> buffer = new(64 << 10);
    private readonly byte[] nonce = new byte[Payload.NonceLength];
    private CallSubmission[] calls = [];
    private byte[][] keys = [];
    private byte[][] messages = [];

    [GlobalSetup]
    public void Prepare()
    {
        calls = ReadCalls.Of(new Workload(run: 1, records: Rows).Messages);
        TestKeys.Seal.Payloads.EnsureAsync(calls.Select(call => call.Stream), default).GetAwaiter().GetResult();
        keys = [.. calls.Select(call => TestKeys.Seal.Payloads.TryGet(call.Stream, out var key) ? key! : [])];
        using var writer = new EventWriter(TestKeys.Proof);
        messages = [.. calls.Select((call, index) => Encode(writer, call, keys[index]))];
    }

    /// <summary>Compressed, sealed under the call's key, and written as text.</summary>
    [Benchmark(OperationsPerInvoke = Rows)]
    public int Seal()
    {
        var bytes = 0;
        for (var index = 0; index < Rows; index++)
        {
            buffer.ResetWrittenCount();
            Payload.Append(buffer, calls[index].Record.Span, keys[index], calls[index].Stream, Sequence, nonce);
            bytes += buffer.WrittenCount;
        }

        return bytes;
    }

    /// <summary>The proof that a node wrote it.</summary>
    [Benchmark(OperationsPerInvoke = Rows)]
    public int Prove()
    {
        var bytes = 0;
        for (var index = 0; index < Rows; index++)
        {
            buffer.ResetWrittenCount();
            buffer.Write(messages[index]);
            TestKeys.Proof.End(buffer, calls[index].Stream, Sequence, "tool-call");
            bytes += buffer.WrittenCount;
        }

        return bytes;
    }

    /// <summary>The hash of the message that its receipt has.</summary>
    [Benchmark(OperationsPerInvoke = Rows)]
    public ulong HashForReceipt()
    {
        var sum = 0ul;
        foreach (var message in messages)
        {
            sum += MessageHash.Of(message).First;
        }

        return sum;
    }

    private static byte[] Encode(EventWriter writer, CallSubmission call, byte[] key)
    {
        writer.Begin(call.Stream, after: 0, key);
        var context = new CallContext(call.Session, call.ToolCallId, call.Agent, call.Message, call.Record);
        return writer.Write(context, CallDecider.Decide(CallHistory.Empty, call.Message).Events[0]).Message.ToArray();
    }
}
