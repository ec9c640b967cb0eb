using Akka.Actor;
using Akka.Cluster.Sharding;
using Akka.TestKit;
using Akka.TestKit.Xunit2;

namespace Audit.Actors.Tests;

public sealed class ToolCallActorTests : TestKit
{
    private readonly HeldJournal.Control journal;
    private readonly StreamRoom room = new(TestKeys.Seal, new EngineOptions { IdleAfter = TimeSpan.FromMinutes(10) });
    private readonly TestProbe shard;

    public ToolCallActorTests() : this(new HeldJournal.Control())
    {
    }

    private ToolCallActorTests(HeldJournal.Control journal) : base(HeldJournal.Hocon(journal))
    {
        this.journal = journal;
        shard = CreateTestProbe();
    }

    [Fact]
    public void a_message_is_written_and_then_answered()
    {
        var written = new TaskCompletionSource();
        journal.Write = () => written.Task;
        var actor = Start();
        actor.Tell(Mail(1, Asked(1)), TestActor);
        AwaitAssert(() => Assert.Equal(1, journal.Writes));
        ExpectNoMsg(TimeSpan.FromMilliseconds(100));

        written.SetResult();
        var receipt = Assert.Single(Receipts(1));
        Assert.Equal((ReceiptStatus.Recorded, 1L, "awaiting_confirmation"), (receipt.Status, receipt.Sequence, receipt.State));
    }

    [Fact]
    public void a_duplicate_is_answered_without_a_write()
    {
        var actor = Start();
        actor.Tell(Mail(1, Asked(1)), TestActor);
        Answer(1);
        actor.Tell(Mail(2, Asked(1)), TestActor);

        var receipt = Assert.Single(Receipts(2));
        Assert.Equal((ReceiptStatus.Duplicate, 1L), (receipt.Status, receipt.Sequence));
        Assert.Equal(1, journal.Writes);
    }

    [Fact]
    public void a_violation_is_written_and_told()
    {
        var actor = Start();
        actor.Tell(Mail(1, Sent.Call("s", "c", EngineContract.Blocked, 1), Done(2)), TestActor);

        var receipts = Receipts(1);
        Assert.Equal(ReceiptStatus.Violation, receipts[1].Status);
        Assert.Equal("a blocked call reported success", receipts[1].Reason);
        Assert.Equal(2, receipts[1].Sequence);
    }

    [Fact]
    public void what_comes_while_it_writes_goes_into_one_write_of_its_own()
    {
        var written = new TaskCompletionSource();
        journal.Write = () => written.Task;
        var actor = Start();
        Ask(1);
        AwaitAssert(() => Assert.Equal(1, journal.Writes));
        for (var ticket = 2; ticket <= 20; ticket++)
        {
            Ask(ticket);
        }

        written.SetResult();
        var sequences = Enumerable.Range(1, 20).Select(ticket => Receipts(ticket)[0].Sequence);

        Assert.Equal(Enumerable.Range(1, 20).Select(number => (long)number), sequences);
        Assert.InRange(journal.Writes, 2, 3);

        void Ask(int ticket) => actor.Tell(
            Mail(ticket, Sent.Call("s", "c", new Outcome.RequiresConfirmation($"{ticket}", null), ticket)), TestActor);
    }

    [Fact]
    public void a_call_that_is_over_asks_its_shard_to_end_and_wakes_as_it_was()
    {
        var actor = Start();
        actor.Tell(Mail(1, Done(1)), TestActor);
        Answer(1);
        Assert.Same(Stop.Instance, shard.ExpectMsg<Passivate>().StopMessage);
        End(actor);

        Start().Tell(Mail(2, Done(1), Sent.Call("s", "c", Sent.Completed(output: "else"), 2)), TestActor);
        var receipts = Receipts(2);
        Assert.Equal((ReceiptStatus.Duplicate, 1L), (receipts[0].Status, receipts[0].Sequence));
        Assert.Equal((ReceiptStatus.Violation, 2L), (receipts[1].Status, receipts[1].Sequence));
    }

    [Fact]
    public void where_too_many_live_an_actor_asks_to_end_once_it_has_answered()
    {
        var actor = Start(new StreamRoom(TestKeys.Seal, new EngineOptions { MaxLiveEvents = 0 }));
        actor.Tell(Mail(1, Asked(1)), TestActor);
        Answer(1);

        Assert.Same(Stop.Instance, shard.ExpectMsg<Passivate>().StopMessage);
    }

    [Fact]
    public void an_actor_that_is_told_to_stop_finishes_its_write_and_answers_all_that_came_before()
    {
        var written = new TaskCompletionSource();
        journal.Write = () => written.Task;
        var actor = Start();
        Watch(actor);
        actor.Tell(Mail(1, Asked(1)), TestActor);
        actor.Tell(Mail(2, Sent.Call("s", "c", new Outcome.Approved("approve-once"), 2)), TestActor);
        AwaitAssert(() => Assert.Equal(1, journal.Writes));
        actor.Tell(Stop.Instance);
        written.SetResult();

        Assert.Equal(1, Receipts(1)[0].Sequence);
        Assert.Equal(2, Receipts(2)[0].Sequence);
        ExpectTerminated(actor);
    }

    [Fact]
    public void a_write_that_failed_is_answered_as_not_known_and_never_as_lost()
    {
        journal.Write = () => Task.FromException(new IOException("the disk is gone"));
        var actor = Start();
        Watch(actor);
        actor.Tell(Mail(1, Asked(1)), TestActor);

        var answer = Answer(1);
        Assert.Equal(new StreamAnswer.Unknown(1, "the journal failed: the disk is gone"), answer);
        ExpectTerminated(actor);
        Assert.Same(Stop.Instance, shard.ExpectMsg<Passivate>().StopMessage);
        Assert.Equal((1L, 0L), (room.Failures, room.Conflicts));
    }

    [Fact]
    public void a_write_that_another_writer_was_before_is_told_as_not_written()
    {
        journal.Write = () => Task.FromException(new StreamLostException());
        var actor = Start();
        actor.Tell(Mail(1, Asked(1)), TestActor);

        Assert.IsType<StreamAnswer.NothingWritten>(Answer(1));
        Assert.Equal((0L, 1L), (room.Failures, room.Conflicts));
    }

    [Fact]
    public void what_waits_behind_a_failed_write_is_told_that_nothing_of_it_was_written()
    {
        var written = new TaskCompletionSource();
        journal.Write = () => written.Task;
        var actor = Start();
        actor.Tell(Mail(1, Asked(1)), TestActor);
        AwaitAssert(() => Assert.Equal(1, journal.Writes));
        actor.Tell(Mail(2, Done(2)), TestActor);
        AwaitAssert(() => Assert.Equal(1, journal.Writes));
        actor.Tell(new Identify(1), TestActor);
        ExpectMsg<ActorIdentity>();
        written.SetException(new IOException("the disk is gone"));

        Assert.IsType<StreamAnswer.Unknown>(Answer(1));
        Assert.IsType<StreamAnswer.NothingWritten>(Answer(2));
    }

    [Fact]
    public void what_comes_while_the_stream_is_read_is_decided_after_it()
    {
        var first = Start();
        first.Tell(Mail(1, Asked(1)), TestActor);
        Answer(1);
        End(first);

        var read = new TaskCompletionSource();
        journal.Read = () => read.Task;
        var actor = Start();
        actor.Tell(Mail(2, Asked(1)), TestActor);
        actor.Tell(Mail(3, Done(2)), TestActor);
        ExpectNoMsg(TimeSpan.FromMilliseconds(100));
        read.SetResult();

        Assert.Equal(ReceiptStatus.Duplicate, Receipts(2)[0].Status);
        var receipt = Assert.Single(Receipts(3));
        Assert.Equal((2L, "completed"), (receipt.Sequence, receipt.State));
    }

    [Fact]
    public void mail_of_a_stream_that_could_not_be_read_comes_back_as_not_written()
    {
        journal.Read = () => Task.FromException(new IOException("the disk is gone"));
        // Without an event the stream is not read at all.
        var first = Start();
        first.Tell(Mail(1, Asked(1)), TestActor);
        Answer(1);
        End(first);

        Sys.ActorOf(Props.Create(() => new LostMail()));
        var actor = Start();
        Watch(actor);
        actor.Tell(Mail(2, Asked(1)), TestActor);
        actor.Tell(Mail(3, Done(2)), TestActor);

        StreamAnswer[] answers = [.. ReceiveN(3).OfType<StreamAnswer>()];
        Assert.All(answers, answer => Assert.IsType<StreamAnswer.NothingWritten>(answer));
        Assert.Equal([2L, 3L], answers.Select(answer => answer.Ticket).Order());
    }

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        room.Dispose();
    }

    private static Submission Asked(int second) => Sent.Call("s", "c", EngineContract.Asked, second);

    private static Submission Done(int second) => Sent.Call("s", "c", Sent.Completed(), second);

    private static StreamMail Mail(long ticket, params Submission[] items) =>
        new("call|ci|s|c", ticket, [.. items.Select(WireItem.Of)]);

    private IActorRef Start(StreamRoom? other = null)
    {
        var shared = other ?? room;
        return shard.ChildActorOf(Props.Create(() => new ToolCallActor("call|ci|s|c", shared)));
    }

    private void End(IActorRef actor)
    {
        Watch(actor);
        actor.Tell(Stop.Instance);
        ExpectTerminated(actor);
    }

    private Receipt[] Receipts(long ticket) => Assert.IsType<StreamAnswer.Decided>(Answer(ticket)).Receipts;

    private StreamAnswer Answer(long ticket)
    {
        var answer = ExpectMsg<StreamAnswer>();
        Assert.Equal(ticket, answer.Ticket);
        return answer;
    }
}
