using Akka.Actor;
using Akka.Cluster;
using Akka.Configuration;
using Audit.Actors.Configuration;

namespace Audit.Actors;

/// <summary>This node's place in the cluster.</summary>
internal sealed class Membership(ActorSystem system)
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(10);

    private readonly Cluster cluster = Cluster.Get(system);

    public ClusterState State
    {
        get
        {
            var state = cluster.State;
            return new ClusterState(
                cluster.SelfAddress.ToString(),
                WordOf(cluster.SelfMember.Status),
                state.Leader?.ToString(),
                [.. state.Members.Select(
                    member => new ClusterMember(member.Address.ToString(), WordOf(member.Status)))],
                [.. state.Unreachable.Select(member => member.Address.ToString())]);
        }
    }

    /// <exception cref="AkkaEngineException">The node was not let in within its time.</exception>
    public async Task JoinAsync(CancellationToken cancellation)
    {
        var settings = system.Settings.Config.GetConfig("audit.cluster");
        var patience = settings.GetTimeSpan("join-timeout");
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(patience);
        try
        {
            var seeds = Seeds(settings);
            await (seeds.Length == 0
                ? cluster.JoinAsync(cluster.SelfAddress, limit.Token)
                : cluster.JoinSeedNodesAsync(seeds, limit.Token));
            while (!State.IsUp)
            {
                // What this node sees of the cluster follows the news of its own joining by a moment.
                await Task.Delay(Look, limit.Token);
            }
        }
        catch (Exception failure) when (!cancellation.IsCancellationRequested
            && failure is OperationCanceledException or ClusterJoinFailedException)
        {
            throw new AkkaEngineException(
                $"The node {cluster.SelfAddress} was not let into the cluster within {patience.TotalSeconds:0} s; are "
                + "the seeds running, and can they be reached? "
                + $"({string.Join(", ", settings.GetStringList("seeds"))})", failure);
        }
    }

    private Address[] Seeds(Config settings) => [.. settings.GetStringList("seeds").Select(Seed)];

    private Address Seed(string seed)
    {
        var self = cluster.SelfAddress;
        return Uri.TryCreate($"tcp://{seed}", UriKind.Absolute, out var place)
            && place.Port > 0 && place.AbsolutePath == "/"
            ? new Address(self.Protocol, self.System, place.Host, place.Port)
            : throw new AkkaEngineException($"The seed \"{seed}\" is not accepted; accepted is host:port.");
    }

    private static string WordOf(MemberStatus status) => status.ToString().ToLowerInvariant();
}
