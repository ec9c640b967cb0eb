using System.Collections.Concurrent;
using Akka.Actor;
using Audit.Actors.Configuration;
using Audit.Actors.Dispatch;
using Audit.Actors.Journal;
using Audit.Actors.Streams;

namespace Audit.Actors;

/// <summary>
/// The engine of a cluster: a persistent actor for each stream, wherever in the cluster its shard lives.
/// </summary>
public sealed class AkkaEngine : IClusterEngine
{
    private const string SystemName = "audit";

    private readonly ActorSystem system;
    private readonly JournalSetup book;
    private readonly StreamRoom room;
    private readonly Membership membership;
    private readonly SubmissionGate gate;
    private readonly IActorRef dispatcher;
    private readonly ConcurrentDictionary<BatchInWork, bool> inWork = new();
    private volatile bool isOver;
    private int disposed;

    private AkkaEngine(ActorSystem system, JournalSetup book, StreamRoom room)
    {
        Protection = RemotingCheck.SentenceOf(system.Settings.Config);
        this.system = system;
        this.book = book;
        this.room = room;
        membership = new Membership(system);
        var settings = system.Settings.Config.GetConfig("audit.cluster");
        var regions = new StreamRegions(system, room, settings.GetInt("shards"));
        var times = new AnswerTimes(settings.GetTimeSpan("ask-again-after"), settings.GetTimeSpan("answer-timeout"));
        dispatcher = system.ActorOf(Props.Create(() => new Dispatcher(regions.For, times)), "dispatcher");
        system.ActorOf(Props.Create(() => new LostMail()), "lost-mail");
        gate = new SubmissionGate(room.Options, HandOn);
        system.WhenTerminated.ContinueWith(_ => GiveUpAll(), TaskScheduler.Default);
    }

    public EngineStats Stats => new(
        gate.Items, gate.Bytes, gate.IsFull, room.Live, book.Commits, book.Rows, room.Conflicts, room.Failures);

    public ClusterState Cluster => membership.State;

    public string Protection { get; }

    internal ActorSystem System => system;

    public Task Ended => system.WhenTerminated;

    /// <summary>Starts the node's actors and joins the cluster; done when the node is up.</summary>
    /// <exception cref="AkkaEngineException">
    /// The configuration cannot be used, or the cluster did not let the node in.
    /// </exception>
    public static async Task<AkkaEngine> StartAsync(
        IJournal journal, BookSeal seal, EngineOptions options, AkkaEngineOptions akka,
        CancellationToken cancellation)
    {
        var config = await EngineConfig.ReadAsync(akka, Environment.GetEnvironmentVariable);
        RemotingCheck.Run(config, akka.InsecureRemoting);
        var book = new JournalSetup(journal, options);
        var room = new StreamRoom(seal, options, EngineConfig.BetsOnNew(config));
        ActorSystem? system = null;
        try
        {
            system = ActorSystem.Create(SystemName, BootstrapSetup.Create().WithConfig(config).And(book));
            StartCheck.Run(system);
            var engine = new AkkaEngine(system, book, room);
            await engine.membership.JoinAsync(cancellation);
            return engine;
        }
        catch (Exception failure)
        {
            await (system?.Terminate() ?? Task.CompletedTask);
            room.Dispose();
            if (failure is AkkaEngineException or OperationCanceledException)
            {
                throw;
            }

            var cause = failure.GetBaseException().Message;
            throw new AkkaEngineException($"The Akka.NET engine cannot start: {cause}", failure);
        }
    }

    public Task<Receipt[]> SubmitAsync(IReadOnlyList<Submission> batch, CancellationToken cancellation) =>
        isOver
            ? Task.FromException<Receipt[]>(new EngineStoppedException())
            : gate.SubmitAsync(batch, cancellation);

    public async Task LeaveAsync()
    {
        await gate.CloseAsync();
        await CoordinatedShutdown.Get(system).Run(CoordinatedShutdown.ClusterLeavingReason.Instance);
        await system.WhenTerminated;
        await book.Writing;
    }

    public async ValueTask DisposeAsync()
    {
        await LeaveAsync();
        if (Interlocked.Exchange(ref disposed, 1) == 0)
        {
            room.Dispose();
        }
    }

    private void HandOn(BatchInWork batch)
    {
        inWork.TryAdd(batch, true);
        batch.Done.ContinueWith(_ => inWork.TryRemove(batch, out bool _), TaskScheduler.Default);
        dispatcher.Tell(batch);
        if (isOver)
        {
            GiveUp(batch);
        }
    }

    /// <summary>
    /// When the cluster puts the node down in the middle of its work, nobody is left who would answer.
    /// </summary>
    private void GiveUpAll()
    {
        isOver = true;
        foreach (var batch in inWork.Keys)
        {
            GiveUp(batch);
        }
    }

    private static void GiveUp(BatchInWork batch) =>
        batch.GiveUp(Receipt.Unknown("the node went out of the cluster; it may be sent again"));
}
