using Akka.Actor;
using Akka.Cluster.Sharding;
using Audit.Actors.Messages;
using Audit.Actors.Streams;

namespace Audit.Actors;

/// <summary>The shard regions, one for each kind of stream.</summary>
internal sealed class StreamRegions
{
    private readonly IActorRef calls;
    private readonly IActorRef sessions;
    private readonly IActorRef windows;
    private readonly IActorRef operators;

    public StreamRegions(ActorSystem system, StreamRoom room, int shards)
    {
        var sharding = ClusterSharding.Get(system);
        var settings = ClusterShardingSettings.Create(system);
        var extractor = HashCodeMessageExtractor.Create(shards, message => (message as StreamMail)?.Stream);
        calls = Start("tool-call", id => Props.Create(() => new ToolCallActor(id, room)));
        sessions = Start("session", id => Props.Create(() => new SessionActor(id, room)));
        windows = Start("task-window", id => Props.Create(() => new TaskWindowActor(id, room)));
        operators = Start("operator", id => Props.Create(() => new OperatorActor(id, room)));

        IActorRef Start(string kind, Func<string, Props> props) => sharding.Start(
            kind, props, settings, extractor, sharding.DefaultShardAllocationStrategy(settings), Stop.Instance);
    }

    public IActorRef For(Submission submission) => submission switch
    {
        CallSubmission or ReviewSubmission { Of: Reviewable.Call } => calls,
        NoteSubmission => sessions,
        WindowSubmission or ReviewSubmission => windows,
        OperatorSubmission => operators,
        _ => throw new ArgumentOutOfRangeException(
            nameof(submission), submission, "No region takes such a submission."),
    };
}
