namespace Audit.Projections.Tests;

/// <summary>How messages stand to the windows of their task.</summary>
public abstract class WindowContract : ReadSideContract
{
    private const string MigrateOrders = "migrate-orders";

    private static Say Do(string call, double minute, string tool = "sql.query") =>
        new("s", call, Say.Done(), minute) { Task = MigrateOrders, Agent = "copilot", Tool = tool };

    [ContractFact]
    public async Task each_message_is_judged_by_the_windows_of_its_task_and_agent()
    {
        var models = await ReadAsync(
            Say.Window("w", WindowVerb.Grant, "alice", 2, closes: 19),
            Do("before", 1),
            Do("in", 3),
            Do("shell", 4, "shell.run"),
            new Say("s", "other-agent", Say.Done(), 5) { Task = MigrateOrders, Agent = "claude" },
            new Say("s", "none", Say.Done(), 6),
            Do("elsewhere", 7) with { Source = "other" },
            Do("at-the-end", 19));

        Assert.Equal(WindowJudgement.OutsideWindow, await JudgementOf(models, "before"));
        Assert.Equal(WindowJudgement.InWindow, await JudgementOf(models, "in"));
        Assert.Equal(WindowJudgement.OutOfScope, await JudgementOf(models, "shell"));
        Assert.Equal(WindowJudgement.OutsideWindow, await JudgementOf(models, "other-agent"));
        Assert.Equal(WindowJudgement.NoTask, await JudgementOf(models, "none"));
        var elsewhere = (await models.CallAsync(Say.Named("s", "other"), "elsewhere", None))!;
        Assert.Equal(WindowJudgement.OutsideWindow, elsewhere.Call.Judgement);
        Assert.Equal(WindowJudgement.OutsideWindow, await JudgementOf(models, "at-the-end"));
        var task = (await models.TaskAsync(MigrateOrders, None))!;
        Assert.Equal(new JudgementCounts { InWindow = 1, OutOfScope = 1, OutsideWindow = 4 }, task.Task.Judged);
        Assert.Equal("w", Assert.Single(task.Windows).WindowId);
        Assert.Equal(["in"], (await models.CallsOfTaskAsync(MigrateOrders, WindowJudgement.InWindow, All, None)).Items.Select(call => call.CallId));
    }

    [ContractFact]
    public async Task one_window_whose_scope_has_the_tool_suffices()
    {
        var models = await ReadAsync(
            Say.Window("w-1", WindowVerb.Grant, "alice", 0, closes: 60, scope: "files.*"),
            Say.Window("w-2", WindowVerb.Grant, "alice", 0, closes: 60, scope: "sql.*"),
            Do("c", 1));

        var transition = Assert.Single((await models.CallAsync(Say.Named("s"), "c", None))!.Transitions);
        Assert.Equal((WindowJudgement.InWindow, "w-2"), (transition.Judgement, transition.Window));
    }

    [ContractFact]
    public async Task a_clock_that_runs_ahead_is_judged_by_when_the_message_came_and_a_late_report_is_marked()
    {
        var models = await ReadAsync(
            Say.Window("w", WindowVerb.Grant, "alice", 0, closes: 20),
            Do("ahead", 40) with { ReceivedMinute = 10 },
            Do("late", 10) with { ReceivedMinute = 40 },
            Do("forwards", 3) with { ReceivedMinute = -1 });

        Assert.Equal(WindowJudgement.InWindow, await JudgementOf(models, "ahead"));
        Assert.Equal(WindowJudgement.WindowUnproven, await JudgementOf(models, "late"));
        Assert.Equal(WindowJudgement.OutsideWindow, await JudgementOf(models, "forwards"));
        Assert.Equal((0, 1), ((await models.CallAsync(Say.Named("s"), "ahead", None))!.Call.ReportedLate, (await models.CallAsync(Say.Named("s"), "late", None))!.Call.ReportedLate));
    }

    [ContractFact]
    public async Task a_window_learned_late_judges_the_calls_of_its_task_anew()
    {
        var side = await OpenAsync(limits: new FeedLimits { RejudgedAtOnce = 2 });
        await RecordAsync([.. Enumerable.Range(1, 7).Select(minute => (Submission)Do($"c{minute}", minute))]);
        await CaughtUpAsync(side);
        await RecordAsync(Say.Window("w", WindowVerb.Grant, "alice", 10, opens: 2, closes: 60));
        var models = await CaughtUpAsync(side);

        // All of them were done before anybody approved the window.
        var judged = new JudgementCounts { InWindow = 6, OutsideWindow = 1, GrantedAfter = 6 };
        Assert.Equal(judged, (await models.TaskAsync(MigrateOrders, None))!.Task.Judged);
        Assert.Equal(judged, (await models.SessionAsync(Say.Named("s"), None))!.Judged);
        var view = (await models.WindowAsync("w", All, None))!;
        Assert.Equal(6, view.Done.Items.Count);
        Assert.All(view.Done.Items, done => Assert.Equal(WindowMarks.GrantedAfter, done.Marks));
        Assert.Equal(new JudgementCounts { InWindow = 6, GrantedAfter = 6 }, view.Marked);
        Assert.Equal(WindowJudgement.OutsideWindow, await JudgementOf(models, "c1"));
    }

    [ContractFact]
    public async Task a_window_that_is_extended_revoked_or_closed_judges_anew_what_lies_between()
    {
        var side = await OpenAsync();
        await RecordAsync(Say.Window("w", WindowVerb.Grant, "alice", 0, closes: 10), Do("c12", 12), Do("c17", 17));
        var models = await CaughtUpAsync(side);
        Assert.Equal(WindowJudgement.OutsideWindow, await JudgementOf(models, "c12"));

        await RecordAsync(Say.Window("w", WindowVerb.Extend, "carol", 9, closes: 20));
        await CaughtUpAsync(side);
        Assert.Equal((WindowJudgement.InWindow, WindowJudgement.InWindow), (await JudgementOf(models, "c12"), await JudgementOf(models, "c17")));

        await RecordAsync(Say.Window("w", WindowVerb.Revoke, "bob", 15));
        await CaughtUpAsync(side);
        Assert.Equal((WindowJudgement.InWindow, WindowJudgement.OutsideWindow), (await JudgementOf(models, "c12"), await JudgementOf(models, "c17")));
    }

    [ContractFact]
    public async Task what_is_received_after_the_end_is_not_proven_by_its_date_until_a_person_accepts_it()
    {
        var side = await OpenAsync(limits: new FeedLimits { RejudgedAtOnce = 2 });
        await RecordAsync(
            Say.Window("w", WindowVerb.Grant, "alice", 0, closes: 20),
            Do("in", 9),
            Do("a-second-late", 19.9) with { ReceivedMinute = 20.01 },
            Do("late", 5) with { ReceivedMinute = 24, Seq = 1 },
            Do("late-shell", 6, "shell.run") with { ReceivedMinute = 24 });
        var models = await CaughtUpAsync(side);

        Assert.Equal(
            [WindowJudgement.InWindow, WindowJudgement.WindowUnproven, WindowJudgement.WindowUnproven, WindowJudgement.OutOfScope],
            [await JudgementOf(models, "in"), await JudgementOf(models, "a-second-late"), await JudgementOf(models, "late"), await JudgementOf(models, "late-shell")]);
        var judged = new JudgementCounts { InWindow = 1, WindowUnproven = 2, OutOfScope = 1 };
        Assert.Equal(judged, (await models.TaskAsync(MigrateOrders, None))!.Task.Judged);
        Assert.Equal(judged, (await models.SessionAsync(Say.Named("s"), None))!.Judged);
        Assert.Equal(["a-second-late", "late"], (await models.StrayedCallsAsync(WindowJudgement.WindowUnproven, All, None)).Items.Select(call => call.CallId));
        var late = Assert.Single((await models.WindowAsync("w", All, None))!.Late);
        Assert.Equal((Say.Named("s"), 2, Say.At(5), Say.At(19.9), TimeSpan.FromMinutes(4)), (late.Session, late.Messages, late.FirstAt, late.LastAt, late.LateBy));
        Assert.Equal((true, false), (late.IsGapless, late.IsNumberedBefore));

        await RecordAsync(Say.Accept("w", "s", 4, 10, minute: 30), Do("later-still", 5.5) with { ReceivedMinute = 31 });
        await CaughtUpAsync(side);
        var view = (await models.WindowAsync("w", All, None))!;
        Assert.Equal(WindowMarks.Accepted, view.Done.Items.Single(done => done.Call.CallId == "late").Marks);
        Assert.Equal((WindowJudgement.InWindow, WindowJudgement.WindowUnproven), (await JudgementOf(models, "late"), await JudgementOf(models, "later-still")));
        Assert.Equal(new JudgementCounts { InWindow = 1, Accepted = 1, WindowUnproven = 2 }, view.Marked);
        Assert.Equal(("alice", "grace"), (view.Window.ApprovedBy, Assert.Single(view.Window.Accepted).By));
    }

    [ContractFact]
    public async Task beside_what_came_late_stands_when_the_book_took_nothing_and_a_node_started()
    {
        var models = await ReadAsync(
            Say.Node("node.started", -5),
            Say.Window("w", WindowVerb.Grant, "alice", 0, closes: 20),
            Do("in", 2),
            Say.Node("node.stopped", 3),
            Say.Node("node.started", 5),
            // Killed: the book has no stop. And a host was quicker than what the node says of itself.
            Do("quick", 9.95),
            Say.Node("node.started", 10),
            Do("running", 11),
            Say.Node("node.stopped", 12),
            // Another node went on, and then nothing came.
            Do("other", 12.5),
            Say.Node("node.started", 13.5),
            Do("stopped", 3.5) with { ReceivedMinute = 24 },
            Do("ran", 14.5) with { ReceivedMinute = 24 },
            Say.Node("node.stopped", 25));

        var late = Assert.Single((await models.WindowAsync("w", All, None))!.Late);
        Assert.Equal(
            [
                (Say.At(3), Say.At(5), true), (Second(301), Second(597), false), (Second(751), Say.At(13.5), false),
            ],
            late.Pauses.Select(pause => (pause.From, pause.Until!.Value, pause.Stopped)));
        Assert.Equal(
            [("stopped", (NodeAway?)NodeAway.Partly), ("ran", NodeAway.Never)], late.Calls.Select(call => (call.CallId, call.Away)));

        static Timestamp Second(int second) => Say.At(0).Add(TimeSpan.FromSeconds(second));
    }

    [ContractFact]
    public async Task an_end_that_is_learned_late_takes_the_proof_of_what_was_received_after_it()
    {
        var side = await OpenAsync(limits: new FeedLimits { RejudgedAtOnce = 2 });
        await RecordAsync(
            Say.Window("w", WindowVerb.Grant, "alice", 0, closes: 60), Do("early", 3), Do("dated-back", 4) with { ReceivedMinute = 12 });
        var models = await CaughtUpAsync(side);
        Assert.Equal(WindowJudgement.InWindow, await JudgementOf(models, "dated-back"));

        await RecordAsync(Say.Window("w", WindowVerb.Revoke, "bob", 10));
        await CaughtUpAsync(side);
        Assert.Equal((WindowJudgement.InWindow, WindowJudgement.WindowUnproven), (await JudgementOf(models, "early"), await JudgementOf(models, "dated-back")));
    }

    [ContractFact]
    public async Task a_task_that_is_named_afterwards_counts_for_what_came_before()
    {
        var side = await OpenAsync();
        await RecordAsync(
            Say.Window("w", WindowVerb.Grant, "alice", 0, closes: 20), new Say("s", "c", Say.Asked, 1));
        await CaughtUpAsync(side);
        await RecordAsync(new Say("s", "c", Say.Done(), 2) { Task = MigrateOrders, Agent = "copilot" });
        var models = await CaughtUpAsync(side);

        var view = (await models.CallAsync(Say.Named("s"), "c", None))!;
        Assert.All(view.Transitions, one => Assert.Equal(WindowJudgement.InWindow, one.Judgement));
        Assert.Equal(2, view.Call.Judged.InWindow);
    }

    [ContractFact]
    public async Task a_window_answers_who_what_when_by_whose_leave_and_what_happened_outside()
    {
        var models = await ReadAsync(
            Say.Window("w", WindowVerb.Request, "copilot-host", 0, opens: 2, closes: 19),
            Say.Window("w", WindowVerb.Approve, "alice", 1),
            Do("select", 3) with { Input = """{"sql":"SELECT * FROM orders"}""" },
            new Say("s", "alter", Say.Asked, 5) { Task = MigrateOrders, Agent = "copilot", Tool = "sql.query", Input = """{"sql":"ALTER TABLE orders"}""" },
            new Say("s", "alter", new Outcome.Approved("approve-once") { By = "alice" }, 6) { Input = """{"sql":"ALTER TABLE orders"}""" },
            new Say("s", "alter", Say.Done(), 7) { Input = """{"sql":"ALTER TABLE orders"}""" },
            Do("shell", 8, "shell.run"),
            Do("after", 30) with { Input = """{"sql":"DROP TABLE orders"}""" });

        var view = (await models.WindowAsync("w", All, None))!;
        Assert.Equal(("copilot", MigrateOrders, "copilot-host", "alice"), (view.Window.Agent, view.Window.Task, view.Window.RequestedBy, view.Window.ApprovedBy));
        Assert.Equal((Say.At(2), Say.At(19)), (view.Window.OpensAt, view.Window.Until));
        Assert.Equal(
            [("SELECT * FROM orders", Say.At(3), CallState.Completed, null), ("ALTER TABLE orders", Say.At(5), CallState.Completed, "alice"), ("SELECT 1", Say.At(8), CallState.Completed, null)],
            view.Done.Items.Select(done => (done.Call.Command!, done.At, done.Call.State, done.Call.ClaimedBy)));
        Assert.Equal(["DROP TABLE orders"], view.Outside.Items.Select(call => call.Command!));
        Assert.Equal(["shell"], view.OutOfScope.Items.Select(call => call.CallId));
    }

    [ContractFact]
    public async Task pages_of_what_was_done_in_a_window_name_each_call_once()
    {
        var models = await ReadAsync(
            Say.Window("w", WindowVerb.Grant, "alice", 0, closes: 60),
            new Say("s", "one", Say.Asked, 1) { Task = MigrateOrders, Agent = "copilot" },
            new Say("s", "two", Say.Asked, 2) { Task = MigrateOrders, Agent = "copilot" },
            new Say("s", "one", Say.Done(), 3),
            new Say("s", "three", Say.Asked, 3) { Task = MigrateOrders, Agent = "copilot" });

        var first = (await models.WindowAsync("w", new PageRequest(2), None))!.Done;
        var second = (await models.WindowAsync("w", new PageRequest(2, first.Next), None))!.Done;
        Assert.Equal(["one", "two"], first.Items.Select(done => done.Call.CallId));
        Assert.Equal(["three"], second.Items.Select(done => done.Call.CallId));
        Assert.Null(second.Next);
    }

    [ContractFact]
    public async Task windows_are_found_by_task_agent_and_the_time_in_which_they_are_open()
    {
        var models = await ReadAsync(
            Say.Window("w-1", WindowVerb.Grant, "alice", 0, closes: 10),
            Say.Window("w-2", WindowVerb.Grant, "alice", 0, opens: 5, closes: 20, agent: "claude"),
            Say.Window("w-3", WindowVerb.Request, "bob", 0, closes: 60, task: "other"),
            Say.Window("w-1", WindowVerb.Close, "alice", 7));

        async Task<string[]> Find(WindowFilter filter) => [.. (await models.WindowsAsync(filter, All, None)).Items.Select(window => window.WindowId)];
        Assert.Equal(["w-3", "w-2", "w-1"], await Find(new WindowFilter()));
        Assert.Equal(["w-2", "w-1"], await Find(new WindowFilter { Task = MigrateOrders }));
        Assert.Equal(["w-2"], await Find(new WindowFilter { Task = MigrateOrders, Agent = "claude" }));
        Assert.Equal(["w-2", "w-1"], await Find(new WindowFilter { OpenAt = Say.At(6) }));
        Assert.Equal(["w-2"], await Find(new WindowFilter { OpenAt = Say.At(8) }));
        Assert.Equal(["w-1"], await Find(new WindowFilter { OpenAt = Say.At(8), Agent = "copilot" } with { OpenAt = Say.At(6) }));
    }

    private static async Task<WindowJudgement> JudgementOf(ReadModels models, string call) => (await models.CallAsync(Say.Named("s"), call, None))!.Call.Judgement;
}
