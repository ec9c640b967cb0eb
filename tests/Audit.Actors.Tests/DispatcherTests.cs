using Akka.Actor;
using Akka.TestKit.Xunit2;
using Audit.Engine.Submitting;

namespace Audit.Actors.Tests;

/// <summary>What stands between batches and the cluster: the tests are the cluster.</summary>
public sealed class DispatcherTests() : TestKit(Hocon)
{
    private const string Hocon = "akka { actor.provider = cluster, remote.dot-netty.tcp { hostname = \"127.0.0.1\", port = 0 } }";

    /// <summary>As many streams as may be under way at once.</summary>
    private const int Most = 2_048;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(100);

    [Fact]
    public async Task where_no_answer_comes_it_is_asked_again_and_the_first_answer_counts()
    {
        var dispatcher = Start(new AnswerTimes(Moment, Patience));
        var batch = Send(dispatcher, Call(1));
        var mail = ExpectMsg<StreamMail>(Patience);
        var again = ExpectMsg<StreamMail>(Patience);
        Assert.Equal((mail.Stream, mail.Ticket), (again.Stream, again.Ticket));

        dispatcher.Tell(Recorded(again), TestActor);
        dispatcher.Tell(new StreamAnswer.Unknown(mail.Ticket, "late"), TestActor);
        Assert.Equal(ReceiptStatus.Recorded, Assert.Single(await batch.Done.WaitAsync(Patience)).Status);
    }

    [Fact]
    public async Task what_would_be_done_twice_is_asked_for_once_and_is_unavailable_in_the_end()
    {
        var dispatcher = Start(new AnswerTimes(TimeSpan.Zero, TimeSpan.FromSeconds(2)));
        var batch = Send(dispatcher, Sent.Operator("token.revoked"));
        ExpectMsg<StreamMail>(Patience);

        var receipt = Assert.Single(await batch.Done.WaitAsync(Patience));
        Assert.Equal(ReceiptStatus.Unavailable, receipt.Status);
        Assert.Contains("the node that keeps this stream did not answer", receipt.Error);
        ExpectNoMsg(TimeSpan.Zero);
    }

    [Fact]
    public async Task mail_that_nobody_takes_is_sent_again_until_somebody_does()
    {
        var dispatcher = Start(new AnswerTimes(Patience, Patience));
        var batch = Send(dispatcher, Call(1));
        var tickets = new HashSet<long>();
        for (var tries = 0; tries < 5; tries++)
        {
            var mail = ExpectMsg<StreamMail>(Patience);
            Assert.True(tickets.Add(mail.Ticket));
            dispatcher.Tell(new StreamAnswer.NothingWritten(mail.Ticket), TestActor);
        }

        dispatcher.Tell(Recorded(ExpectMsg<StreamMail>(Patience)), TestActor);
        Assert.Equal(ReceiptStatus.Recorded, Assert.Single(await batch.Done.WaitAsync(Patience)).Status);
    }

    [Fact]
    public async Task mail_that_nobody_takes_in_time_is_unavailable_and_no_fault_of_other_writers()
    {
        var dispatcher = Start(new AnswerTimes(Patience, TimeSpan.FromMilliseconds(300)));
        var batch = Send(dispatcher, Call(1));
        while (!batch.Done.IsCompleted)
        {
            if (ReceiveOne(Moment) is StreamMail mail)
            {
                dispatcher.Tell(new StreamAnswer.NothingWritten(mail.Ticket), TestActor);
            }
        }

        var receipt = Assert.Single(await batch.Done);
        Assert.Equal(ReceiptStatus.Unavailable, receipt.Status);
        Assert.DoesNotContain("other writers", receipt.Error);
    }

    [Fact]
    public async Task a_stream_that_others_keep_moving_on_says_so()
    {
        var dispatcher = Start(new AnswerTimes(Patience, Patience));
        var batch = Send(dispatcher, Call(1));
        while (!batch.Done.IsCompleted)
        {
            if (ReceiveOne(Moment) is StreamMail mail)
            {
                dispatcher.Tell(new StreamAnswer.NothingWritten(mail.Ticket, WasOvertaken: true), TestActor);
            }
        }

        var receipt = Assert.Single(await batch.Done);
        Assert.Equal(ReceiptStatus.Unknown, receipt.Status);
        Assert.Contains("other writers kept moving this stream on", receipt.Error);
    }

    [Fact]
    public async Task streams_of_a_node_that_is_away_keep_the_others_from_nothing()
    {
        var dispatcher = Start(new AnswerTimes(Patience, Patience));
        Send(dispatcher, [.. Enumerable.Range(0, Most).Select(Call)]);
        Assert.Equal(Most, ReceiveN(Most, Patience).Count);

        var other = Send(dispatcher, Call(Most));
        dispatcher.Tell(Recorded(ExpectMsg<StreamMail>(Patience)), TestActor);
        Assert.Equal(ReceiptStatus.Recorded, Assert.Single(await other.Done.WaitAsync(Patience)).Status);
    }

    private static Submission Call(int number) => Sent.Call("s", $"c{number}", EngineContract.Asked, 1);

    private static StreamAnswer Recorded(StreamMail mail) =>
        new StreamAnswer.Decided(mail.Ticket, [.. mail.Items.Select(_ => new Receipt(ReceiptStatus.Recorded, 1))]);

    private static BatchInWork Send(IActorRef dispatcher, params Submission[] items)
    {
        var batch = new BatchInWork(items);
        dispatcher.Tell(batch);
        return batch;
    }

    private IActorRef Start(AnswerTimes times)
    {
        var cluster = TestActor;
        return Sys.ActorOf(Props.Create(() => new Dispatcher(_ => cluster, times)));
    }
}
