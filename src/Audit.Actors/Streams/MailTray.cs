using Akka.Actor;
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
