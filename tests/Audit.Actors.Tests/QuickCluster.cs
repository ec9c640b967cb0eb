namespace Audit.Actors.Tests;

/// <summary>One-node clusters that settle as fast as a test wants them to.</summary>
internal static class QuickCluster
{
    public const string Hocon = """
        akka.remote.dot-netty.tcp.port = 0
        # However slow the machine is: whoever waits for less tests it and not the engine.
        audit.cluster.answer-timeout = 90s
        akka.persistence.journal {
          audit.recovery-event-timeout = 60s
          sql { recovery-event-timeout = 60s, circuit-breaker.call-timeout = 60s }
        }
        akka.cluster {
          gossip-interval = 100ms
          leader-actions-interval = 100ms
          periodic-tasks-initial-delay = 100ms
          sharding.retry-interval = 200ms
          distributed-data.gossip-interval = 200ms
        }
        akka.cluster.singleton.hand-over-retry-interval = 200ms

        """;

    /// <summary>The other journal.</summary>
    public const string OnSqlPlugin = "akka.persistence.journal.plugin = \"akka.persistence.journal.sql\"\n";

    public static async Task<IAuditEngine> StartAsync(
        string address, IAuditStore store, EngineOptions options, string hocon = "", IJournal? journal = null) =>
        await AkkaEngine.StartAsync(
            journal ?? store.Journal, store.Seal, options, new AkkaEngineOptions(address, Hocon + hocon), CancellationToken.None);
}
