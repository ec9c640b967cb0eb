using Audit.Load.Stores;

namespace Audit.Load;

/// <summary>What is measured where Akka.NET is in the build.</summary>
internal static class AkkaParts
{
    public static IReadOnlyList<IMeasured> Peers => [new AkkaAsItComes()];

    /// <summary>What is measured of the cluster engine alone.</summary>
    public static IReadOnlyList<IMeasured> Actors =>
    [
        new ActorCost(Names.FirstMessage, isLater: false), new ActorCost(Names.LaterMessage, isLater: true),
        new LiveActors(),
    ];

    /// <summary>A cluster of one node, configured as the node is.</summary>
    public static async Task<IAuditEngine> StartAsync(
        LoadStore store, IJournal journal, BookSeal seal, EngineOptions? engine = null)
    {
        var options = new AkkaEngineOptions(store.Address, "akka.remote.dot-netty.tcp.port = 0");
        return await AkkaEngine.StartAsync(
            journal, seal, engine ?? new EngineOptions(), options, CancellationToken.None);
    }
}
