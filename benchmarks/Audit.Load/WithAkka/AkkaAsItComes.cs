using System.Diagnostics;
using System.Text;
using Akka.Actor;
using Akka.Cluster;
using Akka.Cluster.Sharding;
using Akka.Configuration;
using Akka.Persistence.Sql;
using Audit.Load.Floors;
using Audit.Load.Stores;
using Audit.Load.Workloads;
using Npgsql;

namespace Audit.Load;

/// <summary>
/// The peer: a persistent actor a call, Cluster.Sharding on one node and Akka.Persistence.Sql with their own settings and
/// serializer, 256 asks in flight, on the same table with the same guards. Only what SQLite needs is set.
/// </summary>
internal sealed class AkkaAsItComes : IMeasured
{
    private const int Asking = 256;
    private const int Shards = 10;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public string Name => Names.AkkaAsItComes;

    public async Task<Sample> MeasureAsync(LoadStore store, Workload work)
    {
        using var system = ActorSystem.Create("peer", ConfigurationFactory.ParseString(Hocon(store))
            .WithFallback(SqlPersistence.DefaultConfiguration));
        var cluster = Cluster.Get(system);
        await cluster.JoinAsync(cluster.SelfAddress);
        var region = await ClusterSharding.Get(system).StartAsync(
            "call", id => Props.Create(() => new PlainCallActor(id)), ClusterShardingSettings.Create(system),
            HashCodeMessageExtractor.Create(Shards, message => (message as PlainCallMessage)?.Id));
        await region.Ask<long>(new PlainCallMessage("warm-up", "{}"), Patience);

        var dealt = work.DealtTo(Asking);
        var latencies = new Latencies(work.Messages.Length);
        var meter = new Meter(store);
        var written = await Task.WhenAll(dealt.Select(messages => Task.Run(() => AskAsync(region, messages, latencies))));
        var sample = meter.Read(written.Sum());
        await system.Terminate();
        return sample with { MedianLatency = latencies.Median() };
    }

    private static async Task<long> AskAsync(IActorRef region, Message[] messages, Latencies latencies)
    {
        var ticks = new List<long>(messages.Length);
        var end = Stopwatch.GetTimestamp() + TimeLimit.Ticks;
        foreach (var message in messages)
        {
            var before = Stopwatch.GetTimestamp();
            if (before > end)
            {
                break;
            }

            var id = $"call|ci|{message.SessionId}|{message.CallId}";
            await region.Ask<long>(new PlainCallMessage(id, Encoding.UTF8.GetString(message.Record.Span)), Patience);
            ticks.Add(Stopwatch.GetTimestamp() - before);
        }

        latencies.Add(ticks);
        return ticks.Count;
    }

    private static string Hocon(LoadStore store)
    {
        var (provider, connection, more) = store.Kind == "sqlite"
            ? ("SQLite.MS", $"Data Source={store.Place}", "read-isolation-level = read-uncommitted\n      parallelism = 1")
            : ("PostgreSQL.15", new NpgsqlConnectionStringBuilder(store.Place) { Pooling = true }.ConnectionString, "");
        return $$"""
            akka {
              loglevel = ERROR
              stdout-loglevel = OFF
              actor.provider = cluster
              remote.dot-netty.tcp { hostname = "127.0.0.1", port = 0 }
              cluster.sharding {
                state-store-mode = ddata
                distributed-data.durable.keys = []
              }
              persistence {
                journal.plugin = "akka.persistence.journal.sql"
                snapshot-store.plugin = "akka.persistence.no-snapshot-store"
                journal.sql {
                  connection-string = "{{connection}}"
                  provider-name = "{{provider}}"
                  auto-initialize = off
                  {{more}}
                }
              }
            }
            """;
    }
}
