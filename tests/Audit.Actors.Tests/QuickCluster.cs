namespace Audit.Actors.Tests;

/// <summary>One-node clusters that settle as fast as a test wants them to.</summary>
internal static class QuickCluster
{
    public const string Hocon = """
        akka.remote.dot-netty.tcp.port = 0
        akka.cluster {
          gossip-interval = 100ms
          leader-actions-interval = 100ms
          periodic-tasks-initial-delay = 100ms
          sharding.retry-interval = 200ms
          distributed-data.gossip-interval = 200ms
        }
        akka.cluster.singleton.hand-over-retry-interval = 200ms

        """;

    public static async Task<IAuditEngine> StartAsync(
        string address, IAuditStore store, EngineOptions options, string hocon = "") =>
        await AkkaEngine.StartAsync(
            store.Journal, store.Seal, options, new AkkaEngineOptions(address, Hocon + hocon), CancellationToken.None);
}
