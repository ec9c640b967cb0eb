using Akka.Actor;
using Akka.Configuration;
using Akka.Dispatch;
using Akka.Dispatch.MessageQueues;
using Audit.Actors.Messages;

namespace Audit.Actors.Streams;

/// <summary>The mail of one actor: what waits for its turn, and what is decided and waits for its write.</summary>
internal sealed class MailTray
{
    private readonly List<(IActorRef Sender, StreamMail Mail)> waiting = [];
    private readonly List<(IActorRef Sender, StreamAnswer Answer)> decided = [];

    public bool HasWaiting => waiting.Count > 0;

    public void Add(IActorRef sender, StreamMail mail) => waiting.Add((sender, mail));

    /// <summary>Decides all that waits.</summary>
    public void Decide(Func<StreamMail, StreamAnswer> decide)
    {
        foreach (var (sender, mail) in waiting)
        {
            decided.Add((sender, decide(mail)));
        }

        waiting.Clear();
    }

    public void AnswerDecided(Func<StreamAnswer, StreamAnswer> answer)
    {
        foreach (var (sender, one) in decided)
        {
            sender.Tell(answer(one));
        }

        decided.Clear();
    }

    public void AnswerWaiting(Func<long, StreamAnswer> answer)
    {
        foreach (var (sender, mail) in waiting)
        {
            sender.Tell(answer(mail.Ticket));
        }

        waiting.Clear();
    }
}

/// <summary>
/// The mailbox of a stream's actor: most get a handful of letters in their life, and the system's own is made for
/// thousands at once.
/// </summary>
internal sealed class StreamMailbox(Settings settings, Config config)
    : MailboxType(settings, config), IProducesMessageQueue<StreamMailbox.Letters>
{
    public const string Id = "audit.cluster.mailbox";

    public override IMessageQueue Create(IActorRef owner, ActorSystem system) => new Letters();

    internal sealed class Letters : IMessageQueue
    {
        private readonly Queue<Envelope> letters = new();

        public bool HasMessages => Count > 0;

        public int Count
        {
            get
            {
                lock (letters)
                {
                    return letters.Count;
                }
            }
        }

        public void Enqueue(IActorRef receiver, Envelope envelope)
        {
            lock (letters)
            {
                letters.Enqueue(envelope);
            }
        }

        public bool TryDequeue(out Envelope envelope)
        {
            lock (letters)
            {
                return letters.TryDequeue(out envelope);
            }
        }

        public void CleanUp(IActorRef owner, IMessageQueue deadletters)
        {
            while (TryDequeue(out var left))
            {
                deadletters.Enqueue(owner, left);
            }
        }
    }
}
