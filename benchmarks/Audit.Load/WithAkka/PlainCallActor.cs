using Akka.Persistence;

namespace Audit.Load;

/// <summary>A persistent actor as the manuals have it: persist, count, reply.</summary>
internal sealed class PlainCallActor : ReceivePersistentActor
{
    private long count;

    public PlainCallActor(string persistenceId)
    {
        PersistenceId = persistenceId;
        Recover<PlainCallEvent>(_ => count++);
        Command<PlainCallMessage>(message => Persist(new PlainCallEvent(message.Record, DateTime.UtcNow), _ => Sender.Tell(++count, Self)));
    }

    public override string PersistenceId { get; }
}
