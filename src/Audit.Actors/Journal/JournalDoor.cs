using Akka.Actor;
using Akka.Persistence;

namespace Audit.Actors.Journal;

/// <summary>The way of a node's actors to the journal's plugin, and how many of them may read back at once.</summary>
internal sealed class JournalDoor : IExtension
{
    public const string PluginKey = "akka.persistence.journal.plugin";

    private const string Fallback = "akka.persistence.journal-plugin-fallback";

    private readonly Lock gate = new();
    private readonly Queue<ReadPermit> waiting = new();
    private int free;

    private JournalDoor(ActorSystem system)
    {
        Plugin = Persistence.Instance.Apply(system).JournalFor("");
        var config = system.Settings.Config;
        free = config.GetInt("akka.persistence.max-concurrent-recoveries");
        Patience = config.GetTimeSpan(
            $"{config.GetString(PluginKey)}.recovery-event-timeout",
            config.GetTimeSpan($"{Fallback}.recovery-event-timeout"));
    }

    public IActorRef Plugin { get; }

    /// <summary>Who is read back and hears nothing for so long gives up.</summary>
    public TimeSpan Patience { get; }

    /// <summary>Who wrote, for a plugin that notes it.</summary>
    public string WriterId { get; } = Guid.NewGuid().ToString();

    public static JournalDoor Of(ActorSystem system) => Provider.Instance.Apply(system);

    /// <returns>False where too many read; the actor is sent <see cref="MayRead"/> in its turn.</returns>
    public bool Enter(ReadPermit permit)
    {
        lock (gate)
        {
            permit.IsHeld = free > 0;
            if (permit.IsHeld)
            {
                free--;
            }
            else
            {
                waiting.Enqueue(permit);
            }

            return permit.IsHeld;
        }
    }

    /// <summary>The actor has read, or will not any more.</summary>
    public void Leave(ReadPermit permit)
    {
        lock (gate)
        {
            var wasHeld = permit is { IsHeld: true, IsOver: false };
            permit.IsOver = true;
            if (!wasHeld)
            {
                return;
            }

            while (waiting.TryDequeue(out var next))
            {
                if (!next.IsOver)
                {
                    next.IsHeld = true;
                    next.Actor.Tell(MayRead.Instance, ActorRefs.NoSender);
                    return;
                }
            }

            free++;
        }
    }

    private sealed class Provider : ExtensionIdProvider<JournalDoor>
    {
        public static readonly Provider Instance = new();

        public override JournalDoor CreateExtension(ExtendedActorSystem system) => new(system);
    }
}

/// <summary>One actor's turn to read its stream; all of it is kept by the door.</summary>
internal sealed class ReadPermit(IActorRef actor)
{
    public IActorRef Actor => actor;

    public bool IsHeld { get; set; }

    public bool IsOver { get; set; }
}

internal sealed class MayRead
{
    public static readonly MayRead Instance = new();
}
