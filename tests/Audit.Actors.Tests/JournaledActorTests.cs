using Akka.Actor;
using Akka.TestKit.Xunit2;

namespace Audit.Actors.Tests;

/// <summary>How actors are read back: in turn, and not for ever.</summary>
public sealed class JournaledActorTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task no_more_are_read_at_once_than_may_and_each_has_its_turn()
    {
        var read = new TaskCompletionSource();
        var begun = new TaskCompletionSource();
        var (now, most) = (0, 0);
        using var kit = new Kit("akka.persistence.max-concurrent-recoveries = 1");
        kit.Write("c1", "c2", "c3", "c4");
        kit.Journal.Read = async () =>
        {
            most = Math.Max(most, Interlocked.Increment(ref now));
            begun.TrySetResult();
            await read.Task;
            Interlocked.Decrement(ref now);
        };

        kit.Send("c1");
        await begun.Task.WaitAsync(Patience);
        kit.Send("c2");
        var third = kit.Send("c3");
        kit.Send("c4");
        // Who ends while it waits for its turn keeps nobody from his.
        kit.End(third);
        read.SetResult();

        var answers = Enumerable.Range(0, 3).Select(_ => kit.ExpectMsg<StreamAnswer.Decided>(Patience)).ToArray();
        Assert.All(answers, one => Assert.Equal(ReceiptStatus.Duplicate, Assert.Single(one.Receipts).Status));
        Assert.Equal(1, most);
    }

    [Fact]
    public void a_stream_of_which_nothing_is_heard_is_given_up()
    {
        using var kit = new Kit("held.recovery-event-timeout = 500ms");
        kit.Journal.Read = () => Task.Delay(Timeout.Infinite);
        kit.Write("c");
        kit.Watch(kit.Send("c"));

        Assert.False(kit.ExpectMsg<StreamAnswer.NothingWritten>(Patience).WasOvertaken);
        kit.ExpectMsg<Terminated>(Patience);
    }

    private sealed class Kit : TestKit
    {
        private readonly StreamRoom room = new(TestKeys.Seal, new EngineOptions());

        public Kit(string hocon) : this(new HeldJournal.Control(), hocon)
        {
        }

        private Kit(HeldJournal.Control journal, string hocon) : base($"{HeldJournal.Hocon(journal)}\n{hocon}") =>
            Journal = journal;

        public HeldJournal.Control Journal { get; }

        /// <summary>Calls that lie in the journal, and of which no actor lives.</summary>
        public void Write(params string[] calls)
        {
            foreach (var call in calls)
            {
                var actor = Send(call);
                while (ExpectMsg<StreamAnswer>(Patience) is not StreamAnswer.Decided)
                {
                    actor = Send(call);
                }

                End(actor);
            }
        }

        public IActorRef Send(string call)
        {
            var actor = Sys.ActorOf(Props.Create(() => new ToolCallActor($"call|ci|s|{call}", room)));
            var asked = WireItem.Of(Sent.Call("s", call, EngineContract.Asked, 1));
            actor.Tell(new StreamMail($"call|ci|s|{call}", 1, [asked]), TestActor);
            return actor;
        }

        public void End(IActorRef actor)
        {
            Watch(actor);
            Sys.Stop(actor);
            ExpectMsg<Terminated>(Patience);
        }

        protected override void Dispose(bool disposing)
        {
            base.Dispose(disposing);
            room.Dispose();
        }
    }
}
