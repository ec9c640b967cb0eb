using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Audit.Engine.Contract;

/// <summary>What every engine owes on every store.</summary>
public abstract class EngineContract : IAsyncLifetime
{
    private readonly List<IAsyncDisposable> opened = [];

    public static readonly Outcome Asked = new Outcome.RequiresConfirmation("may I?", null);
    public static readonly Outcome Blocked = new Outcome.Blocked("no");

    protected IAuditStore Store { get; private set; } = null!;

    protected abstract Task<IAuditStore> OpenStoreAsync();

    /// <summary>Starts the engine under test on the store; before each of its writes it asks how that one is to go.</summary>
    protected abstract Task<IAuditEngine> StartAsync(EngineOptions options, Func<Fault> nextWrite);

    /// <summary>Opens another engine on the same journal, as a restart or a second node would.</summary>
    protected async Task<IAuditEngine> OpenEngineAsync(EngineOptions? options = null, Func<Fault>? nextWrite = null)
    {
        var engine = await StartAsync(options ?? new EngineOptions(), nextWrite ?? (() => Fault.None));
        opened.Add(engine);
        return engine;
    }

    public async Task InitializeAsync() => Store = await OpenStoreAsync();

    public async Task DisposeAsync()
    {
        foreach (var one in opened)
        {
            await one.DisposeAsync();
        }

        await Store.DisposeAsync();
    }

    [ContractFact]
    public async Task a_call_that_asks_and_completes_is_recorded_in_two_events()
    {
        var engine = await OpenEngineAsync();
        var receipts = await Submit(engine, Sent.Call("s", "c", Asked, 1), Sent.Call("s", "c", Sent.Completed(), 2));

        Assert.Equal([ReceiptStatus.Recorded, ReceiptStatus.Recorded], receipts.Select(receipt => receipt.Status));
        Assert.Equal(["awaiting_confirmation", "completed"], receipts.Select(receipt => receipt.State));
        var rows = await StreamOf("call|ci|s|c");
        Assert.Equal(receipts.Select(receipt => receipt.Position), rows.Select(row => row.Position));
        Assert.Equal([1L, 2L], rows.Select(row => row.Sequence));
        Assert.All(rows, row => Assert.Equal("call.transitioned.v2", row.Manifest));
    }

    [ContractFact]
    public async Task what_was_said_is_sealed_and_every_row_proves_who_wrote_it()
    {
        var engine = await OpenEngineAsync();
        var at = Timestamp.From(new DateTimeOffset(2026, 11, 20, 14, 0, 0, TimeSpan.Zero));
        await Submit(
            engine, Sent.Call("s", "c", Asked, 1), Sent.Call("s", "c", Sent.Completed(), 2), Sent.Note("s", "started", 1),
            new OperatorSubmission("act", "ada", at, """{"why":"may I?"}"""u8.ToArray()));

        var rows = await Store.Journal.ReadAfterAsync(0, 100, long.MaxValue, CancellationToken.None);
        Assert.Equal(4, rows.Count);
        Assert.All(rows, row => Assert.True(Store.Seal.Proof.Proves(row), row.PersistenceId));
        Assert.All(rows, row => Assert.DoesNotContain("may I?", Encoding.UTF8.GetString(row.Message)));
        Assert.Equal(2, (await All()).Count(row => Encoding.UTF8.GetString(row.Message).Contains("may I?")));
        // Judged without a word of the content.
        Assert.Equal("completed", Words.Of(rows.Where(row => row.PersistenceId.EndsWith("|c")).Select(EventReader.ReadCall)
            .Aggregate(CallHistory.Empty, CallEvolution.Evolve).Standing.State));
    }

    [ContractFact]
    public async Task the_record_is_kept_byte_for_byte()
    {
        var item = Encoding.UTF8.GetBytes(
            """
            {"session_id":"s","record": { "tool_call_id" : "c" ,
              "tool_name":"b\u0061sh","outcome":{"kind":"started"}, "x":1.50, "recorded_at":"2026-11-20T14:03:00.123456789Z" } }
            """);
        var engine = await OpenEngineAsync();
        var submission = Sent.Read(item);
        var receipt = Assert.Single(await Submit(engine, submission));

        var row = await Store.Opened.ReadRowAsync(receipt.Position, CancellationToken.None);
        var sent = ((CallSubmission)submission).Record.ToArray();
        Assert.Equal(sent, EventReader.RecordOf(row!.Message).ToArray());
        Assert.Contains(" \"x\":1.50, ", Encoding.UTF8.GetString(sent));
    }

    [ContractFact]
    public async Task a_duplicate_gets_the_position_of_the_first_and_writes_nothing()
    {
        var engine = await OpenEngineAsync();
        var first = Assert.Single(await Submit(engine, Sent.Call("s", "c", Asked, 1)));
        var again = Assert.Single(await Submit(engine, Sent.Call("s", "c", Asked, 1)));

        Assert.Equal((ReceiptStatus.Duplicate, first.Position, 1L), (again.Status, again.Position, again.Sequence));
        Assert.Single(await StreamOf("call|ci|s|c"));
    }

    [ContractFact]
    public async Task a_duplicate_within_its_own_batch_gets_the_position_of_the_first()
    {
        var engine = await OpenEngineAsync();
        var receipts = await Submit(engine, Sent.Call("s", "c", Asked, 1), Sent.Call("s", "c", Asked, 1));

        Assert.Equal([ReceiptStatus.Recorded, ReceiptStatus.Duplicate], receipts.Select(receipt => receipt.Status));
        Assert.Equal(receipts[0].Position, receipts[1].Position);
    }

    [ContractFact]
    public async Task a_duplicate_after_a_restart_is_known_again()
    {
        var batch = Enumerable.Range(0, 50).Select(number => Sent.Call("s", $"c{number}", Asked, number)).ToArray();
        var first = await Submit(await OpenEngineAsync(), batch);
        var again = await Submit(await OpenEngineAsync(), batch);

        Assert.All(again, receipt => Assert.Equal(ReceiptStatus.Duplicate, receipt.Status));
        Assert.Equal(first.Select(receipt => receipt.Position), again.Select(receipt => receipt.Position));
        Assert.Equal(50, (await All()).Count);
    }

    [ContractFact]
    public async Task a_violation_is_kept_and_does_not_move_the_call()
    {
        var engine = await OpenEngineAsync();
        var receipts = await Submit(engine, Sent.Call("s", "c", Blocked, 1), Sent.Call("s", "c", Sent.Completed(), 2));

        var violation = receipts[1];
        Assert.Equal((ReceiptStatus.Violation, "blocked", "completed"), (violation.Status, violation.State, violation.Message));
        Assert.Equal("a blocked call reported success", violation.Reason);
        Assert.Equal(["call.transitioned.v2", "call.violated.v2"], (await StreamOf("call|ci|s|c")).Select(row => row.Manifest));
    }

    [ContractFact]
    public async Task a_late_message_is_judged_in_its_place_and_changes_older_verdicts_in_the_same_commit()
    {
        var engine = await OpenEngineAsync();
        await Submit(engine, Sent.Call("s", "c", Sent.Completed(), 5));
        var late = Assert.Single(await Submit(engine, Sent.Call("s", "c", new Outcome.Approved("auto"), 1)));

        Assert.Equal((ReceiptStatus.Recorded, "completed"), (late.Status, late.State));
        var rows = await StreamOf("call|ci|s|c");
        Assert.Equal(
            ["call.transitioned.v2", "call.transitioned.v2", "call.rejudged.v2"], rows.Select(row => row.Manifest));
    }

    [ContractFact]
    public async Task the_state_is_the_same_after_a_restart_between_any_two_messages()
    {
        Outcome[] story = [new Outcome.Requested(), Asked, new Outcome.Approved("approve-once"), new Outcome.Started(), Sent.Completed()];
        for (var second = 0; second < story.Length; second++)
        {
            await Submit(await OpenEngineAsync(), Sent.Call("s", "split", story[second], second));
        }

        var whole = await Submit(
            await OpenEngineAsync(), [.. story.Select((outcome, second) => Sent.Call("s", "whole", outcome, second))]);

        Assert.Equal("completed", whole[^1].State);
        Assert.Equal(await VerdictsOf("call|ci|s|whole"), await VerdictsOf("call|ci|s|split"));
    }

    [ContractFact]
    public async Task items_of_one_stream_are_decided_in_the_order_of_the_batch_and_stand_so_in_the_journal()
    {
        var engine = await OpenEngineAsync();
        var batch = Enumerable.Range(0, 300)
            .Select(number => Sent.Call("s", $"c{number % 7}", number < 7 ? Asked : new Outcome.RequiresConfirmation($"{number}", null), number))
            .ToArray();
        var receipts = await Submit(engine, batch);

        Assert.All(receipts, receipt => Assert.Equal(ReceiptStatus.Recorded, receipt.Status));
        foreach (var call in receipts.Zip(batch).GroupBy(pair => pair.Second.Stream, pair => pair.First))
        {
            Assert.Equal(call.Select(receipt => receipt.Position).Order(), call.Select(receipt => receipt.Position));
            Assert.Equal(Enumerable.Range(1, call.Count()).Select(number => (long)number), call.Select(receipt => receipt.Sequence));
        }
    }

    [ContractFact]
    public async Task notes_windows_and_operators_acts_are_written_to_their_own_streams()
    {
        var engine = await OpenEngineAsync();
        var receipts = await Submit(
            engine,
            Sent.Note("s", "turn_started", 1),
            Sent.Note("s", "turn_started", 1),
            Sent.Window("w-1", WindowVerb.Request, "ci"),
            Sent.Window("w-1", WindowVerb.Approve, "ci", 1),
            Sent.Window("w-1", WindowVerb.Approve, "alice", 2),
            Sent.Operator("node.started"));

        Assert.Equal(
            [
                ReceiptStatus.Recorded, ReceiptStatus.Duplicate, ReceiptStatus.Recorded, ReceiptStatus.Violation,
                ReceiptStatus.Recorded, ReceiptStatus.Recorded,
            ],
            receipts.Select(receipt => receipt.Status));
        Assert.Equal("approved", receipts[4].State);
        Assert.Equal("who requested a window, or is behind a source that it is for, may not approve it", receipts[3].Reason);
        Assert.Single(await StreamOf("notes|ci|s"));
        Assert.Equal(
            ["window.requested.v2", "window.violated.v2", "window.approved.v2"],
            (await StreamOf("task-window|w-1")).Select(row => row.Manifest));
        Assert.Equal("operator.acted.v2", Assert.Single(await StreamOf("operator|2026-11-20")).Manifest);
    }

    [ContractFact]
    public async Task a_window_is_found_again_by_another_engine()
    {
        await Submit(await OpenEngineAsync(), Sent.Window("w-1", WindowVerb.Request, "ci"));
        var receipt = Assert.Single(await Submit(await OpenEngineAsync(), Sent.Window("w-1", WindowVerb.Approve, "alice", 1)));

        Assert.Equal((ReceiptStatus.Recorded, 2L, "approved"), (receipt.Status, receipt.Sequence, receipt.State));
    }

    [ContractFact]
    public async Task idle_streams_are_passivated_and_wake_as_they_were()
    {
        var options = new EngineOptions { MaxLiveEvents = 40, IdleAfter = TimeSpan.FromMilliseconds(20) };
        var engine = await OpenEngineAsync(options);
        for (var number = 0; number < 40; number++)
        {
            await Submit(engine, [.. Enumerable.Range(0, 25).Select(call => Sent.Call("s", $"c{number}-{call}", Asked, 1))]);
        }

        Assert.InRange(engine.Stats.LiveStreams, 0, 200);
        var wake = await Submit(engine, [.. Enumerable.Range(0, 40).Select(number => Sent.Call("s", $"c{number}-0", Sent.Completed(), 2))]);
        Assert.All(wake, receipt => Assert.Equal((ReceiptStatus.Recorded, 2L, "completed"), (receipt.Status, receipt.Sequence, receipt.State)));
    }

    [ContractFact]
    public async Task a_stream_that_nothing_comes_for_is_forgotten()
    {
        var engine = await OpenEngineAsync(new EngineOptions { IdleAfter = TimeSpan.FromMilliseconds(20) });
        await Submit(engine, Sent.Call("s", "c", Asked, 1), Sent.Note("s", "turn_started", 1));
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (engine.Stats.LiveStreams > 0)
        {
            await Task.Delay(10, patience.Token);
        }

        var again = Assert.Single(await Submit(engine, Sent.Call("s", "c", Asked, 1)));
        Assert.Equal((ReceiptStatus.Duplicate, 1L), (again.Status, again.Sequence));
    }

    /// <summary>An engine may take a stream for new that it does not know; nobody is answered on that alone.</summary>
    [ContractFact]
    public async Task what_writes_nothing_on_an_empty_history_is_answered_from_the_journal()
    {
        var first = await OpenEngineAsync();
        var sent = new[] { Sent.Call("s", "c", Blocked, 1), Sent.Call("s", "c", Sent.Completed(), 2) };
        Assert.Equal(ReceiptStatus.Violation, (await Submit(first, sent))[1].Status);

        var reviewed = await Submit(await OpenEngineAsync(), Review("c"), Review("unheard of"));
        var repeated = await Submit(await OpenEngineAsync(), sent);

        Assert.Equal((ReceiptStatus.Recorded, 3L, "blocked"), (reviewed[0].Status, reviewed[0].Sequence, reviewed[0].State));
        Assert.Equal((ReceiptStatus.Refused, 0L), (reviewed[1].Status, reviewed[1].Position));
        Assert.Equal([ReceiptStatus.Duplicate, ReceiptStatus.Duplicate], repeated.Select(receipt => receipt.Status));
        Assert.Equal(3, (await StreamOf("call|ci|s|c")).Count);

        static ReviewSubmission Review(string call) => new(
            new Reviewable.Call(new("ci", "s"), call, "t", "agent"),
            new Review([new SeenVerdict(2, ViolationCause.StandingRefusal)], "maria", "ada", Timestamp.From(DateTimeOffset.UtcNow)),
            """{"reason":"seen"}"""u8.ToArray());
    }

    [ContractFact]
    public async Task what_the_node_answers_by_itself_is_answered_from_the_journal()
    {
        var asked = (CallSubmission)Sent.Call("s", "c", Asked, 1);
        var first = Assert.Single(await Submit(await OpenEngineAsync(), asked));
        var other = await OpenEngineAsync();
        var ended = await Submit(other, End("c", first.Sequence), End("unheard of", 1));
        var again = Assert.Single(await Submit(await OpenEngineAsync(), End("c", first.Sequence, "again")));

        Assert.Equal((ReceiptStatus.Recorded, 2L, "invalidated"), (ended[0].Status, ended[0].Sequence, ended[0].State));
        Assert.Equal((ReceiptStatus.Refused, 0L), (ended[1].Status, ended[1].Position));
        Assert.Equal(ReceiptStatus.Refused, again.Status);
        Assert.Equal(2, (await StreamOf("call|ci|s|c")).Count);

        CallSubmission End(string call, long sequence, string why = "nobody answered")
        {
            var read = (CallSubmission)Sent.Call("s", call, new Outcome.Invalidated(why), 2);
            return new CallSubmission(read.Session, call, read.Agent, read.Message with
            {
                MadeByNode = true, Answers = new Answer(sequence, asked.Message.Question),
            }, read.Record);
        }
    }

    [ContractFact]
    public async Task a_question_and_its_answer_in_one_go_are_right_whoever_spoke_of_the_call_before()
    {
        var engines = new[] { await OpenEngineAsync(), await OpenEngineAsync() };
        await Submit(engines[0], Sent.Call("s", "c", new Outcome.Requested(), 1));
        var asked = (CallSubmission)Sent.Call("s", "c", Asked, 2);
        var answer = (CallSubmission)Sent.Call("s", "c", new Outcome.Approved("approve-once"), 2);
        var answered = new CallSubmission(asked.Session, "c", asked.Agent, answer.Message with
        {
            MadeByNode = true, Policy = new PolicyMark("v"), Answers = new Answer(0, asked.Message.Question),
        }, answer.Record);
        var receipts = await Task.WhenAll(engines.Select(engine => Submit(engine, asked, answered)));

        var rows = await StreamOf("call|ci|s|c");
        Assert.Equal(3, rows.Count);
        Assert.All(receipts, pair => Assert.Equal("approved", pair[1].State));
        Assert.Equal(
            [ReceiptStatus.Recorded, ReceiptStatus.Duplicate], receipts.Select(pair => pair[1].Status).Order());
    }

    [ContractFact]
    public async Task a_call_that_is_over_is_read_again_when_somebody_speaks_of_it()
    {
        var engine = await OpenEngineAsync();
        var first = Assert.Single(await Submit(engine, Sent.Call("s", "c", Sent.Completed(), 1)));
        var again = await Submit(
            engine, Sent.Call("s", "c", Sent.Completed(), 1), Sent.Call("s", "c", Sent.Completed(output: "else"), 2));

        Assert.Equal((ReceiptStatus.Duplicate, first.Position), (again[0].Status, again[0].Position));
        Assert.Equal((ReceiptStatus.Violation, 2L), (again[1].Status, again[1].Sequence));
        Assert.Equal(0, engine.Stats.Conflicts);
    }

    [ContractFact]
    public async Task no_message_is_ever_written_in_the_place_of_another()
    {
        // Enough for the room of written messages to be used again many times.
        const int hosts = 8;
        const int batches = 20;
        var engine = await OpenEngineAsync(new EngineOptions { MaxRowsPerCommit = 40 });
        await Task.WhenAll(Enumerable.Range(0, hosts).Select(host => Task.Run(async () =>
        {
            for (var batch = 0; batch < batches; batch++)
            {
                var receipts = await Submit(engine, [.. Enumerable.Range(0, 10).Select(number =>
                    Sent.Call($"s{host}", $"c{batch}-{number}", Sent.Completed(output: OutputOf($"s{host}", $"c{batch}-{number}")), 1))]);
                Assert.All(receipts, receipt => Assert.Equal((ReceiptStatus.Recorded, null), (receipt.Status, receipt.Error)));
            }
        })));

        var rows = await All();
        Assert.Equal(hosts * batches * 10, rows.Count);
        Assert.All(rows, row =>
        {
            var name = row.PersistenceId.Split('|');
            var record = ToolAuditRecord.Parse(EventReader.RecordOf(row.Message).Span);
            Assert.Equal(Sent.Completed(output: OutputOf(name[2], name[3])), record.Outcome);
        });

        static string OutputOf(string session, string call) =>
            string.Concat(Enumerable.Repeat($"{session} {call} ", 1 + (call[^1] - '0') * 100));
    }

    [ContractFact]
    public async Task many_submitters_of_the_same_records_write_each_of_them_once()
    {
        var engine = await OpenEngineAsync();
        var batch = Enumerable.Range(0, 200).Select(number => Sent.Call($"s{number % 9}", $"c{number}", Asked, number)).ToArray();
        var all = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => Submit(engine, batch))));

        for (var index = 0; index < batch.Length; index++)
        {
            var one = all.Select(receipts => receipts[index]).ToArray();
            Assert.Single(one, receipt => receipt.Status == ReceiptStatus.Recorded);
            Assert.Equal(7, one.Count(receipt => receipt.Status == ReceiptStatus.Duplicate));
            Assert.Single(one.Select(receipt => receipt.Position).Distinct());
        }

        Assert.Equal(200, (await All()).Count);
    }

    [ContractFact]
    public async Task two_engines_on_one_journal_write_one_gapless_story_of_each_call()
    {
        var engines = new[] { await OpenEngineAsync(), await OpenEngineAsync() };
        var receipts = await Task.WhenAll(engines.Select((engine, which) => Task.Run(async () =>
        {
            var mine = new List<Receipt>();
            for (var round = 0; round < 20; round++)
            {
                mine.AddRange(await Submit(engine, [.. Enumerable.Range(0, 20).Select(call =>
                    Sent.Call("s", $"c{call}", new Outcome.RequiresConfirmation($"{which}-{round}", null), round * 2 + which))]));
            }

            return mine;
        })));

        var given = receipts.SelectMany(mine => mine).ToArray();
        Assert.All(given, receipt => Assert.Equal(ReceiptStatus.Recorded, receipt.Status));
        var rows = await All();
        Assert.Equal(given.Length, given.Select(receipt => receipt.Position).Distinct().Count());
        Assert.Subset(rows.Select(row => row.Position).ToHashSet(), given.Select(receipt => receipt.Position).ToHashSet());
        foreach (var stream in rows.GroupBy(row => row.PersistenceId))
        {
            Assert.Equal(Enumerable.Range(1, stream.Count()).Select(number => (long)number), stream.Select(row => row.Sequence));
        }
    }

    [ContractFact]
    public async Task a_stream_that_cannot_be_read_fails_alone()
    {
        var handle = new StreamHandle(new StreamKey("call|ci|s|broken"));
        var message = new ArrayBufferWriter<byte>();
        message.Write("{\"v\":9"u8);
        Store.Seal.Proof.End(message, handle.Key, 1, "of.the.future.v9");
        var foreign = new RowToAppend(handle, 1, "of.the.future.v9", 1, message.WrittenMemory);
        await Store.Journal.AppendAsync([foreign], new long[1], CancellationToken.None);

        var receipts = await Submit(
            await OpenEngineAsync(),
            Sent.Call("s", "fine", Asked, 1), Sent.Call("s", "broken", Asked, 1), Sent.Call("s", "fine too", Asked, 1));

        Assert.Equal(
            [ReceiptStatus.Recorded, ReceiptStatus.Unknown, ReceiptStatus.Recorded], receipts.Select(receipt => receipt.Status));
    }

    [ContractFact]
    public async Task what_was_counted_is_written_to_the_last_one_before_an_orderly_stop()
    {
        var engine = await OpenEngineAsync(new EngineOptions { CountedWithin = TimeSpan.FromHours(1) });
        await Submit(engine, Flood(100));

        await engine.DisposeAsync();

        Assert.Equal(100, Counted(await StreamOf("call|ci|s|c")));
        var again = await OpenEngineAsync();
        await Submit(again, Flood(101, first: 5000));
        await again.DisposeAsync();
        Assert.Equal(302, Counted(await StreamOf("call|ci|s|c")));
    }

    [ContractFact]
    public async Task what_was_counted_is_written_within_a_few_seconds_without_another_message()
    {
        var engine = await OpenEngineAsync(new EngineOptions { CountedWithin = TimeSpan.FromMilliseconds(20) });
        await Submit(engine, Flood(100));

        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        var position = 0L;
        while (Counted(await StreamOf("call|ci|s|c")) < 100)
        {
            await Store.Journal.WaitForMoreAsync(position, patience.Token);
            position = await Store.Journal.LastPositionAsync(patience.Token);
        }

        Assert.Equal(100, Counted(await StreamOf("call|ci|s|c")));
    }

    /// <param name="counted">How many messages are only counted.</param>
    private static Submission[] Flood(int counted, int first = 0) =>
    [
        .. Enumerable.Range(first, CallLimits.Repeats + 1 + counted).Select(second => Sent.Call("s", "c", Blocked, second)),
    ];

    private static long Counted(IEnumerable<JournalRow> rows) => rows.Where(row => row.Manifest == "call.flooded.v2")
        .Select(row => ((CallEvent.Flooded)EventReader.ReadCall(row)).Total).Append(0).Max();

    [ContractFact]
    public async Task a_flood_of_violations_is_written_up_to_its_limit_and_then_counted()
    {
        var engine = await OpenEngineAsync();
        await Submit(engine, Sent.Call("s", "c", Blocked, 0));
        var flood = await Submit(
            engine, [.. Enumerable.Range(1, 208).Select(second => Sent.Call("s", "c", Sent.Completed(output: $"{second}"), second))]);

        Assert.Equal(101, flood.Count(receipt => receipt.Status == ReceiptStatus.Violation));
        Assert.Equal(107, flood.Count(receipt => receipt.Status == ReceiptStatus.Counted));
        Assert.All(flood.Where(receipt => receipt.Status == ReceiptStatus.Counted), receipt => Assert.Equal(0, receipt.Position));
        var counted = (await StreamOf("call|ci|s|c")).Count(row => row.Manifest == "call.flooded.v2");
        Assert.Equal(7, counted);
    }

    [ContractFact]
    public async Task what_was_submitted_before_the_stop_is_answered_and_nothing_is_taken_after_it()
    {
        var engine = await OpenEngineAsync();
        var inWork = Enumerable.Range(0, 50)
            .Select(batch => Submit(engine, [.. Enumerable.Range(0, 20).Select(call => Sent.Call($"s{batch}", $"c{call}", Asked, 1))]))
            .ToArray();
        await engine.DisposeAsync();

        Assert.All(await Task.WhenAll(inWork), receipts => Assert.All(receipts, receipt => Assert.Equal(ReceiptStatus.Recorded, receipt.Status)));
        Assert.Equal(1000, (await All()).Count);
        await Assert.ThrowsAsync<EngineStoppedException>(() => Submit(engine, Sent.Call("s", "c", Asked, 1)));
    }

    [ContractFact]
    public async Task more_than_may_wait_at_once_waits_in_line_and_is_all_written()
    {
        var engine = await OpenEngineAsync(new EngineOptions { MaxWaiting = 10, MaxWaitingBytes = 4096 });
        var receipts = await Task.WhenAll(Enumerable.Range(0, 60).Select(batch => Task.Run(() =>
            Submit(engine, [.. Enumerable.Range(0, 5).Select(call => Sent.Call($"s{batch}", $"c{call}", Asked, 1))]))));

        Assert.All(receipts.SelectMany(batch => batch), receipt => Assert.Equal(ReceiptStatus.Recorded, receipt.Status));
        Assert.Equal(0, engine.Stats.Waiting);
        Assert.Equal(0, engine.Stats.WaitingBytes);
    }

    [ContractFact]
    public async Task batches_are_decided_in_the_order_of_the_calls_also_when_they_waited_in_line()
    {
        var engine = await OpenEngineAsync(new EngineOptions { MaxWaiting = 4 });
        var submitted = Enumerable.Range(0, 90)
            .Select(number => Submit(engine, Sent.Call("s", "c", new Outcome.Requested(), 1, messageId: $"m-{number}"))).ToList();
        var receipts = await Task.WhenAll(submitted);

        Assert.Equal(Enumerable.Range(1, 90).Select(number => (long)number), receipts.Select(each => each[0].Sequence));
    }

    [ContractFact]
    public async Task a_submitter_that_gives_up_while_waiting_in_line_blocks_nobody()
    {
        var engine = await OpenEngineAsync(new EngineOptions { MaxWaiting = 1 });
        using var impatient = new CancellationTokenSource();
        var first = Submit(engine, [.. Enumerable.Range(0, 500).Select(call => Sent.Call("s", $"c{call}", Asked, 1))]);
        var second = engine.SubmitAsync([Sent.Call("s", "d", Asked, 1)], impatient.Token);
        var third = Submit(engine, Sent.Call("s", "e", Asked, 1));
        await impatient.CancelAsync();

        Assert.All(await first, receipt => Assert.Equal(ReceiptStatus.Recorded, receipt.Status));
        Assert.Equal(ReceiptStatus.Recorded, Assert.Single(await third).Status);
        await Record.ExceptionAsync(() => second);
    }

    [ContractFact]
    public async Task a_write_that_failed_is_answered_as_not_known_and_recorded_when_it_is_sent_again()
    {
        var next = Fault.None;
        var engine = await OpenEngineAsync(nextWrite: () => next);
        await Submit(engine, Sent.Call("s", "c", Asked, 1));
        next = Fault.BeforeWriting;
        var failed = Assert.Single(await Submit(engine, Sent.Call("s", "c", Sent.Completed(), 2)));
        next = Fault.None;
        var again = Assert.Single(await Submit(engine, Sent.Call("s", "c", Sent.Completed(), 2)));

        Assert.Equal(ReceiptStatus.Unknown, failed.Status);
        Assert.Equal((ReceiptStatus.Recorded, 2L), (again.Status, again.Sequence));
    }

    [ContractFact]
    public async Task a_write_whose_answer_was_lost_is_known_as_a_duplicate_when_it_is_sent_again()
    {
        var next = Fault.AfterWriting;
        var engine = await OpenEngineAsync(nextWrite: () => next);
        var failed = Assert.Single(await Submit(engine, Sent.Call("s", "c", Asked, 1)));
        next = Fault.None;
        var again = Assert.Single(await Submit(engine, Sent.Call("s", "c", Asked, 1)));

        Assert.Equal(ReceiptStatus.Unknown, failed.Status);
        Assert.Equal((ReceiptStatus.Duplicate, 1L), (again.Status, again.Sequence));
        Assert.Single(await StreamOf("call|ci|s|c"));
    }

    [ContractFact]
    public async Task under_random_failures_nothing_acknowledged_is_lost_and_nothing_is_written_twice()
    {
        var random = new Random(20261121);
        var gate = new Lock();
        var engine = await OpenEngineAsync(new EngineOptions { MaxRowsPerCommit = 20, MaxLiveEvents = 100 }, NextWrite);
        await Task.WhenAll(Enumerable.Range(0, 6).Select(host => Task.Run(async () =>
        {
            for (var round = 0; round < 15; round++)
            {
                Submission[] batch = [.. Enumerable.Range(0, 10).Select(call =>
                    Sent.Call($"s{call % 3}", $"c{call}", new Outcome.RequiresConfirmation($"{host}-{round}", null), (round * 6) + host))];
                await SubmitUntilKnown(engine, batch);
            }
        })));

        var rows = await All();
        var received = rows.Where(row => row.Manifest == "call.transitioned.v2")
            .Select(row => (row.PersistenceId, ((CallEvent.Received)EventReader.ReadCall(row)).Message.Dedup)).ToArray();
        Assert.Equal(6 * 15 * 10, received.Length);
        Assert.All(rows.Where(row => row.Manifest == "call.transitioned.v2"), HoldsTheRecordItWasSent);
        Assert.Equal(received.Length, received.Distinct().Count());

        Fault NextWrite()
        {
            lock (gate)
            {
                return random.Next(4) switch
                {
                    0 => Fault.BeforeWriting,
                    1 => Fault.AfterWriting,
                    _ => Fault.None,
                };
            }
        }
    }

    /// <summary>The buffers of the way into the journal are used again and again; each row must hold its own record still.</summary>
    private static void HoldsTheRecordItWasSent(JournalRow row)
    {
        var received = (CallEvent.Received)EventReader.ReadCall(row);
        Assert.Equal(received.Message.Dedup, Sent.SharedHasher.OfBytes(EventReader.RecordOf(row.Message).Span));
        Assert.EndsWith(JsonDocument.Parse(EventReader.RecordOf(row.Message)).RootElement.GetProperty("tool_call_id").GetString(), row.PersistenceId);
    }

    private async Task SubmitUntilKnown(IAuditEngine engine, Submission[] batch)
    {
        for (var tries = 0; batch.Length > 0; tries++)
        {
            Assert.True(tries < 1000, "A batch never became known.");
            var receipts = await Submit(engine, batch);
            foreach (var (receipt, submission) in receipts.Zip(batch).Where(pair => pair.First.Status != ReceiptStatus.Unknown))
            {
                var row = await Store.Opened.ReadRowAsync(receipt.Position, CancellationToken.None);
                Assert.Equal((submission.Stream.ToString(), receipt.Sequence), (row!.PersistenceId, row.Sequence));
            }

            batch = [.. batch.Where((_, index) => receipts[index].Status == ReceiptStatus.Unknown)];
        }
    }

    protected static async Task<Receipt[]> Submit(IAuditEngine engine, params Submission[] batch)
    {
        var receipts = await engine.SubmitAsync(batch, CancellationToken.None).WaitAsync(TimeSpan.FromMinutes(2));
        Assert.Equal(batch.Length, receipts.Length);
        return receipts;
    }

    protected Task<IReadOnlyList<JournalRow>> StreamOf(string name) =>
        Store.Opened.ReadStreamAsync(new StreamKey(name), 0, 10_000, CancellationToken.None);

    protected Task<IReadOnlyList<JournalRow>> All() =>
        Store.Opened.ReadAfterAsync(0, 1_000_000, long.MaxValue, CancellationToken.None);

    private async Task<string[]> VerdictsOf(string name) =>
        [.. (await StreamOf(name)).Select(row => EventReader.ReadCall(row)).Select(happened =>
            happened is CallEvent.Received received ? received.Verdict.ToString() : happened.GetType().Name)];
}
