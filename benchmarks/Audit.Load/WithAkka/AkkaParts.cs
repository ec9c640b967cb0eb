using Audit.Load.Stores;

namespace Audit.Load;

/// <summary>What is measured where Akka.NET is in the build.</summary>
internal static class AkkaParts
{
    public static IReadOnlyList<IMeasured> Peers => [new AkkaAsItComes()];

    /// <summary>A cluster of one node, configured as the node is.</summary>
    public static async Task<IAuditEngine> StartAsync(LoadStore store, IJournal journal, RecordHasher hasher)
    {
        var options = new AkkaEngineOptions(store.Address, "akka.remote.dot-netty.tcp.port = 0");
        return await AkkaEngine.StartAsync(journal, hasher, new EngineOptions(), options, CancellationToken.None);
    }
}
