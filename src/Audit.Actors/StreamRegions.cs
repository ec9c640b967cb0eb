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

    /// <summary>A shard looks at all of its actors twice in this time.</summary>
    private static readonly TimeSpan ShortestIdle = TimeSpan.FromSeconds(1);

    public StreamRegions(ActorSystem system, StreamRoom room, int shards)
    {
        var sharding = ClusterSharding.Get(system);
        var idle = room.Options.IdleAfter > ShortestIdle ? room.Options.IdleAfter : ShortestIdle;
        var settings = ClusterShardingSettings.Create(system).WithPassivateIdleAfter(idle);
        var extractor = HashCodeMessageExtractor.Create(shards, message => (message as StreamMail)?.Stream);
        calls = Start("tool-call", id => Maker.PropsOf(() => new ToolCallActor(id, room)));
        sessions = Start("session", id => Maker.PropsOf(() => new SessionActor(id, room)));
        windows = Start("task-window", id => Maker.PropsOf(() => new TaskWindowActor(id, room)));
        operators = Start("operator", id => Maker.PropsOf(() => new OperatorActor(id, room)));

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

/// <summary>Makes an actor without an expression, which would be compiled anew for each.</summary>
internal sealed class Maker(Func<ActorBase> make, Type type) : IIndirectActorProducer
{
    public Type ActorType => type;

    public static Props PropsOf<TActor>(Func<TActor> make)
        where TActor : ActorBase => Props.CreateBy(new Maker(make, typeof(TActor)));

    public ActorBase Produce() => make();

    public void Release(ActorBase actor)
    {
    }
}
