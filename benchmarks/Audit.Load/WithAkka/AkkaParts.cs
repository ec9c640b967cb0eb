using Audit.Load.Stores;

namespace Audit.Load;

/// <summary>What is measured where Akka.NET is in the build.</summary>
internal static class AkkaParts
{
    public static IReadOnlyList<IMeasured> Peers => [new AkkaAsItComes()];

    /// <summary>A cluster of one node, configured as the node is.</summary>
    public static async Task<IAuditEngine> StartAsync(LoadStore store, IJournal journal, BookSeal seal)
    {
        var options = new AkkaEngineOptions(store.Address, "akka.remote.dot-netty.tcp.port = 0");
        return await AkkaEngine.StartAsync(journal, seal, new EngineOptions(), options, CancellationToken.None);
    }
}
