using System.Collections.Concurrent;
using System.Collections.Immutable;
using Akka.Actor;
using Akka.Configuration;
using Akka.Persistence;
using Akka.TestKit.Xunit2;
using Microsoft.Extensions.Logging;

namespace Audit.Actors.Tests;

/// <summary>The journal's plugin by itself: the tests are the persistent actors.</summary>
public sealed class CommitJournalTests : TestKit
{
    private const int MaxWaiting = 50;

    private readonly HeldBook book;
    private readonly JournalSetup setup;
    private readonly IActorRef journal;

    public CommitJournalTests() : this(new HeldBook())
    {
    }

    private CommitJournalTests(HeldBook book)
        : this(book, new JournalSetup(book, new EngineOptions { Failures = new FailureLog(book.Log, TimeProvider.System) }))
    {
    }

    private CommitJournalTests(HeldBook book, JournalSetup setup)
        : base(BootstrapSetup.Create().WithConfig(Hocon()).And(setup))
    {
        this.book = book;
        this.setup = setup;
        journal = Persistence.Instance.Apply(Sys).JournalFor("");
    }

    [Fact]
    public async Task what_comes_while_one_is_written_goes_into_one_transaction()
    {
        var written = book.HoldAppends();
        for (var call = 1; call <= MaxWaiting; call++)
        {
            journal.Tell(Write($"c{call}", 1, 2), TestActor);
        }

        await book.Begun.Task;
        written.SetResult();

        foreach (var _ in Enumerable.Range(0, MaxWaiting))
        {
            ExpectMsg<WriteMessagesSuccessful>(Patience);
            var first = (JournalEvent)ExpectMsg<WriteMessageSuccess>(Patience).Persistent.Payload;
            var second = (JournalEvent)ExpectMsg<WriteMessageSuccess>(Patience).Persistent.Payload;
            Assert.Equal(first.Position + 1, second.Position);
        }

        Assert.InRange(book.Appends.Count, 1, 3);
        Assert.Equal(2 * MaxWaiting, book.Appends.Sum());
        Assert.Equal((book.Appends.Count, 2L * MaxWaiting), (setup.Commits, setup.Rows));
    }

    [Fact]
    public async Task beyond_its_bound_a_write_is_refused_with_a_sentence()
    {
        var written = book.HoldAppends();
        for (var call = 0; call <= MaxWaiting; call++)
        {
            journal.Tell(Write($"c{call}", 1), TestActor);
        }

        await book.Begun.Task;
        Assert.Equal(1, ExpectMsg<WriteMessagesFailed>(Patience).WriteCount);
        var refused = ExpectMsg<WriteMessageFailure>(Patience);
        Assert.Equal(
            "50 writes wait for the journal on this node, and no more may; it may be sent again",
            Assert.IsType<JournalUnavailableException>(refused.Cause).Message);
        written.SetResult();

        Assert.Equal(MaxWaiting, ReceiveN(2 * MaxWaiting, Patience).OfType<WriteMessageSuccess>().Count());
    }

    [Fact]
    public void a_stream_that_another_writer_moved_on_fails_alone()
    {
        journal.Tell(Write("c1", 1), TestActor);
        ExpectMsg<WriteMessagesSuccessful>(Patience);
        ExpectMsg<WriteMessageSuccess>(Patience);
        journal.Tell(Write("c1", 1), TestActor);
        ExpectMsg<WriteMessagesFailed>(Patience);
        Assert.IsType<StreamLostException>(ExpectMsg<WriteMessageFailure>(Patience).Cause);
        journal.Tell(Write("c2", 1), TestActor);
        ExpectMsg<WriteMessagesSuccessful>(Patience);
    }

    [Fact]
    public async Task what_was_taken_is_written_though_the_system_stops()
    {
        var written = book.HoldAppends();
        for (var call = 0; call < 10; call++)
        {
            journal.Tell(Write($"c{call}", 1), TestActor);
        }

        await book.Begun.Task;
        await journal.Ask<ActorIdentity>(new Identify(1), Patience);
        await Sys.Terminate();
        Assert.False(setup.Writing.IsCompleted);
        written.SetResult();
        await setup.Writing.WaitAsync(Patience);

        Assert.Equal(10, book.Appends.Sum());
    }

    [Fact]
    public void a_loop_that_ends_by_a_fault_leaves_nobody_waiting_and_another_goes_on()
    {
        book.Log.IsBroken = true;
        book.Append = () => Task.FromException(new IOException("the disk is gone"));
        journal.Tell(Write("c1", 1), TestActor);
        ExpectMsg<WriteMessagesFailed>(Patience);
        Assert.Equal(
            "the journal's writer ended by a fault: the log is broken", ExpectMsg<WriteMessageFailure>(Patience).Cause.Message);

        book.Append = () => Task.CompletedTask;
        journal.Tell(Write("c2", 1), TestActor);
        ExpectMsg<WriteMessagesSuccessful>(Patience);
        Assert.Equal(1, setup.Options.Failures.Counts["cluster commit loop"]);
    }

    [Fact]
    public async Task many_recoveries_are_one_query()
    {
        journal.Tell(Write("c7", 1, 2, 3), TestActor);
        ReceiveN(4, Patience);
        var read = new TaskCompletionSource();
        book.Read = () => read.Task;
        journal.Tell(Replay("c0"), TestActor);
        for (var call = 1; call < 100; call++)
        {
            journal.Tell(Replay($"c{call}"), TestActor);
        }

        await journal.Ask<ActorIdentity>(new Identify(1), Patience);
        read.SetResult();
        var answers = ReceiveN(103, Patience);

        Assert.Equal([1L, 2L, 3L], answers.OfType<ReplayedMessage>().Select(one => one.Persistent.SequenceNr));
        Assert.Equal([1L, 2L, 3L], answers.OfType<ReplayedMessage>().Select(one => ((JournalEvent)one.Persistent.Payload).Position));
        Assert.Equal(3, answers.OfType<RecoverySuccess>().Max(one => one.HighestSequenceNr));
        Assert.Equal([1, 99], book.Reads);
    }

    [Fact]
    public void a_recovery_that_fails_is_reported_to_each()
    {
        book.Read = () => Task.FromException(new IOException("the disk is gone"));
        journal.Tell(Replay("c0"), TestActor);
        var read = ExpectMsg<ReplayedMessage>(Patience).Persistent.Payload;
        Assert.Equal("the journal could not be read: the disk is gone", Assert.IsType<ReadFailed>(read).Reason);
        ExpectMsg<RecoverySuccess>(Patience);
        book.Read = () => Task.CompletedTask;
        journal.Tell(Replay("c0"), TestActor);
        Assert.Equal(0, ExpectMsg<RecoverySuccess>(Patience).HighestSequenceNr);
    }

    [Fact]
    public void foreign_events_and_deletions_are_refused()
    {
        journal.Tell(new WriteMessages([new AtomicWrite(new Persistent("a text", 1, "c"))], TestActor, 1), TestActor);
        ExpectMsg<WriteMessagesFailed>(Patience);
        Assert.IsType<NotSupportedException>(ExpectMsg<WriteMessageFailure>(Patience).Cause);
        journal.Tell(new DeleteMessagesTo("c", 1, TestActor), TestActor);
        Assert.IsType<NotSupportedException>(ExpectMsg<DeleteMessagesFailure>(Patience).Cause);
    }

    private static TimeSpan Patience => TimeSpan.FromMinutes(1);

    private static Config Hocon() => ConfigurationFactory.ParseString($$"""
        akka.actor.provider = local
        akka.persistence.journal.audit.max-waiting = {{MaxWaiting}}
        """).WithFallback(HoconFiles.Read("cluster.conf"));

    private ReplayMessages Replay(string stream) => new(1, long.MaxValue, long.MaxValue, stream, TestActor);

    private WriteMessages Write(string stream, params long[] sequences)
    {
        var hold = new StreamHandle(new StreamKey(stream));
        var events = sequences.Select(sequence => (IPersistentRepresentation)new Persistent(
            new JournalEvent("m", new byte[1]) { Stream = hold }, sequence, stream));
        return new WriteMessages([new AtomicWrite(events.ToImmutableList())], TestActor, 1);
    }

    /// <summary>A book in memory, whose appends and readings go on when the test says so.</summary>
    private sealed class HeldBook() : FaultyJournal(null!, () => Fault.None)
    {
        private readonly ConcurrentDictionary<string, List<JournalRow>> streams = new();
        private long last;

        public BrokenLog Log { get; } = new();

        /// <summary>The rows of each append.</summary>
        public ConcurrentQueue<int> Appends { get; } = new();

        /// <summary>The streams of each query.</summary>
        public ConcurrentQueue<int> Reads { get; } = new();

        public TaskCompletionSource Begun { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Func<Task> Append { get; set; } = () => Task.CompletedTask;

        public Func<Task> Read { get; set; } = () => Task.CompletedTask;

        /// <summary>From now on appends wait; the first to begin reports it.</summary>
        public TaskCompletionSource HoldAppends()
        {
            var written = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            Append = () =>
            {
                Begun.TrySetResult();
                return written.Task;
            };
            return written;
        }

        public override async Task AppendAsync(
            IReadOnlyList<RowToAppend> rows, Memory<long> positions, CancellationToken cancellation)
        {
            await Append();
            Appends.Enqueue(rows.Count);
            for (var index = 0; index < rows.Count; index++)
            {
                var row = rows[index];
                var stream = streams.GetOrAdd(row.Stream.Key.ToString(), _ => []);
                if (row.Stream.Lost || row.Sequence != stream.Count + 1)
                {
                    row.Stream.Lose();
                    continue;
                }

                positions.Span[index] = ++last;
                stream.Add(new JournalRow(last, row.Stream.Key.ToString(), row.Sequence, 0, row.Manifest, row.Message.ToArray()));
            }
        }

        public override async Task<IReadOnlyList<IReadOnlyList<JournalRow>>> ReadStreamsAsync(
            IReadOnlyList<StreamKey> keys, CancellationToken cancellation)
        {
            Reads.Enqueue(keys.Count);
            await Read();
            return [.. keys.Select(key => streams.GetValueOrDefault(key.ToString()) ?? [])];
        }
    }

    /// <summary>A log that fails once, when asked to.</summary>
    private sealed class BrokenLog : ILogger
    {
        public bool IsBroken { get; set; }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel)
        {
            if (IsBroken)
            {
                IsBroken = false;
                throw new InvalidOperationException("the log is broken");
            }

            return false;
        }

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
        }
    }
}
