using Akka.Actor;
using Akka.Event;
using Audit.Actors.Messages;

namespace Audit.Actors.Dispatch;

/// <summary>
/// Answers whoever sent mail that reached nobody: its actor had just ended, could not read its stream, or lives on a
/// node that is gone. What was never taken was never written, for certain, so that it can be sent again at once.
/// </summary>
internal sealed class LostMail : ReceiveActor
{
    public LostMail() => Receive<DeadLetter>(SendBack);

    protected override void PreStart() => Context.System.EventStream.Subscribe(Self, typeof(DeadLetter));

    private static void SendBack(DeadLetter letter)
    {
        if (letter.Message is StreamMail mail)
        {
            letter.Sender.Tell(new StreamAnswer.NothingWritten(mail.Ticket));
        }
    }
}
