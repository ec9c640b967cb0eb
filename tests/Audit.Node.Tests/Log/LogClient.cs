using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Log;

/// <summary>Reads a node's log over HTTP and works out what it should be, as a monitor of somebody else would.</summary>
internal sealed class LogClient(TestNode node)
{
    public async Task<VerifierKey> KeyAsync() => VerifierKey.Parse((await LogAsync()).Text("key"));

    public async Task<JsonElement> LogAsync() => (await node.GetAsync("/v1/log")).Require(200).Json;

    public async Task<SignedCheckpoint> CheckpointAsync() =>
        SignedCheckpoint.Parse((await node.GetAsync("/checkpoint")).Require(200).Bytes);

    /// <summary>All entries that a checkpoint covers, whose hashes must be those in the tiles.</summary>
    public async Task<IReadOnlyList<byte[]>> EntriesAsync(long size)
    {
        var entries = new List<byte[]>();
        while (entries.Count < size)
        {
            var count = (int)Math.Min(256, size - entries.Count);
            var path = $"{entries.Count / 256:000}{(count < 256 ? $".p/{count}" : "")}";
            var bundle = Split((await node.GetAsync($"/tile/entries/{path}")).Require(200).Bytes);
            var tile = (await node.GetAsync($"/tile/0/{path}")).Require(200).Bytes;
            Assert.Equal(tile, bundle.SelectMany(entry => TreeHash.Leaf(entry)));
            entries.AddRange(bundle);
        }

        return entries;
    }

    public async Task<string> ProofAsync(long position) =>
        (await node.GetAsync($"/v1/proofs/{position}")).Require(200).Text;

    /// <summary>RFC 6962, word by word.</summary>
    public static byte[] RootOf(IReadOnlyList<byte[]> entries)
    {
        if (entries.Count == 1)
        {
            return TreeHash.Leaf(entries[0]);
        }

        var half = 1;
        while (half * 2 < entries.Count)
        {
            half *= 2;
        }

        return TreeHash.Node(RootOf([.. entries.Take(half)]), RootOf([.. entries.Skip(half)]));
    }

    public static long PositionOf(byte[] entry) =>
        JsonDocument.Parse(Encoding.UTF8.GetString(entry)).RootElement.GetProperty("position").GetInt64();

    private static List<byte[]> Split(byte[] bundle)
    {
        var entries = new List<byte[]>();
        for (var at = 0; at < bundle.Length; at += 2 + entries[^1].Length)
        {
            var length = BinaryPrimitives.ReadUInt16BigEndian(bundle.AsSpan(at));
            entries.Add(bundle[(at + 2)..(at + 2 + length)]);
        }

        return entries;
    }
}
