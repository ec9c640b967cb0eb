using Audit.Load.Stores;
using Audit.Load.Workloads;

namespace Audit.Load.Subjects;

/// <summary>Everything hashed again and compared with the log that a node sealed.</summary>
internal sealed class Verification(string? program) : IMeasured
{
    public string Name => Names.Verify;

    public async Task<Sample> MeasureAsync(LoadStore store, Workload work)
    {
        string data;
        await using (var node = await MeasuredNode.StartAsync(store, program))
        {
            using var client = node.Client(NdjsonBodies.Connections);
            await NdjsonBodies.PostAllAsync(client, NdjsonBodies.Of(work));
            await MeasuredNode.CaughtUpAsync(client);
            data = node.Data;
        }

        var options = new VerifyOptions
        {
            KeyFile = Path.Combine(data, "log.key"),
            CheckpointFile = Path.Combine(data, "log.checkpoint"),
            Entries = await StoreMeta.EntryKeysAsync(store.Address, TestKeys.Row, CancellationToken.None),
        };
        var meter = new Meter(store);
        var verdict = await LogVerifier.VerifyStoreAsync(store.Address, options, null, CancellationToken.None);
        return verdict.Integrity.IsIntact
            ? meter.Read((long)verdict.Integrity.Rows)
            : throw new InvalidOperationException("What was written is not what was sealed.");
    }
}
