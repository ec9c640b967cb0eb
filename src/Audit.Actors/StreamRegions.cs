using Akka.Actor;
using Akka.Cluster.Sharding;
using Akka.Configuration;
using Akka.Routing;
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
        calls = Start("tool-call", id => StreamProps.Of(() => new ToolCallActor(id, room)));
        sessions = Start("session", id => StreamProps.Of(() => new SessionActor(id, room)));
        windows = Start("task-window", id => StreamProps.Of(() => new TaskWindowActor(id, room)));
        operators = Start("operator", id => StreamProps.Of(() => new OperatorActor(id, room)));

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

/// <summary>
/// Makes the actor of a stream without an expression, which would be compiled anew for each, and without a deployment
/// of its own.
/// </summary>
internal sealed class StreamProps : Props
{
    private readonly Func<ActorBase> make;

    private StreamProps(Type type, Func<ActorBase> make) : base(Deployment.OfStreams, type) => this.make = make;

    public static Props Of<TActor>(Func<TActor> make)
        where TActor : ActorBase => new StreamProps(typeof(TActor), make);

    public override ActorBase NewActor() => make();

    protected override Props Copy() => new StreamProps(Type, make);

    /// <summary>
    /// What holds for every actor of a stream. Nothing is laid under it: the system would do so for each that it makes,
    /// and read an empty configuration every time.
    /// </summary>
    private sealed class Deployment() : Deploy(
        "", ConfigurationFactory.Empty, NoRouter.Instance, NoScopeGiven, NoDispatcherGiven, StreamMailbox.Id)
    {
        public static readonly Deployment OfStreams = new();

        public override Deploy WithFallback(Deploy other) => this;
    }
}
