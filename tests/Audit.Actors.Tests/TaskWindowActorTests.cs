using Akka.Actor;
using Akka.TestKit.Xunit2;

namespace Audit.Actors.Tests;

public sealed class TaskWindowActorTests() : TestKit(HeldJournal.Hocon(new HeldJournal.Control()))
{
    [Fact]
    public void a_window_is_requested_and_approved_and_wakes_approved()
    {
        using var room = new StreamRoom(TestKeys.Seal, new EngineOptions());
        var actor = Start();
        actor.Tell(Mail(Sent.Window("w-1", WindowVerb.Request, "ci"), Sent.Window("w-1", WindowVerb.Approve, "ci", 1)), TestActor);
        var receipts = ExpectMsg<StreamAnswer.Decided>().Receipts;
        Assert.Equal("who requested a window, or is behind a source that it is for, may not approve it", receipts[1].Reason);
        Watch(actor);
        actor.Tell(Stop.Instance);
        ExpectTerminated(actor);

        Start().Tell(Mail(Sent.Window("w-1", WindowVerb.Approve, "alice", 2)), TestActor);
        var approved = Assert.Single(ExpectMsg<StreamAnswer.Decided>().Receipts);
        Assert.Equal((ReceiptStatus.Recorded, 3L, "approved"), (approved.Status, approved.Sequence, approved.State));

        IActorRef Start() => Sys.ActorOf(Props.Create(() => new TaskWindowActor("task-window|w-1", room)));
    }

    [Fact]
    public void a_window_may_not_be_longer_than_the_node_allows()
    {
        using var room = new StreamRoom(TestKeys.Seal, new EngineOptions { MaxWindowLength = TimeSpan.FromHours(1) });
        var actor = Sys.ActorOf(Props.Create(() => new TaskWindowActor("task-window|w-1", room)));
        actor.Tell(Mail(Sent.Window("w-1", WindowVerb.Request, "ci"), Sent.Window("w-1", WindowVerb.Approve, "alice", 1)), TestActor);

        Assert.Contains(ExpectMsg<StreamAnswer.Decided>().Receipts, receipt => receipt.Status == ReceiptStatus.Violation);
    }

    private static StreamMail Mail(params Submission[] items) =>
        new("task-window|w-1", 1, [.. items.Select(WireItem.Of)]);
}
