using System.Text.Json;

namespace Audit.Projections.Tests;

/// <summary>What the read models show of the whole book at once.</summary>
public abstract class OverviewContract : ReadSideContract
{
    [ContractFact]
    public async Task calls_are_counted_by_state_in_the_hour_in_which_they_began()
    {
        var models = await ReadAsync(
            new Say("s", "one", Say.Asked, 1),
            new Say("s", "two", Say.Done(), 2),
            new Say("s", "one", new Outcome.Approved("approve-once"), 70),
            new Say("s", "one", Say.Done(), 71),
            new Say("s", "three", new Outcome.Blocked("no"), 130),
            new Say("s", "three", Say.Done(), 131));

        var begin = HourModel.HourOf(Say.At(0));
        var totals = (await models.HoursAsync(begin, begin + 3, None))!;
        Assert.Equal((2, 1, 1L), (totals.All.States[CallState.Completed], totals.All.States[CallState.Blocked], totals.All.Violations));
        Assert.Equal([begin, begin + 2], totals.Hours.Select(hour => hour.Hour));
        Assert.Equal([2, 0], totals.Hours.Select(hour => hour.States[CallState.Completed]));
        Assert.Equal([0L, 1L], totals.Hours.Select(hour => hour.Violations));
        Assert.Equal(Say.At(0), HourModel.Begin(begin));
    }

    [ContractFact]
    public async Task who_sees_one_agent_or_task_is_answered_by_its_own_alone_whatever_lies_between()
    {
        var says = new List<Submission>
        {
            Say.Window("w-a", WindowVerb.Grant, "admin", 0, closes: 60, task: "t-a", agent: "a"),
            Say.Window("w-b", WindowVerb.Grant, "admin", 0, closes: 60, task: "t-b", agent: "b"),
        };
        for (var round = 0; round < 5; round++)
        {
            says.Add(new Say("shared", $"a-{round}", Say.Asked, round) { Agent = "a", Task = "t-a" });
            says.Add(new Say("shared", $"b-{round}", Say.Asked, round) { Agent = "b", Task = "t-b" });
            says.Add(new Say($"s-a-{round}", "a", new Outcome.Blocked("no"), round) { Agent = "a", Task = "t-a" });
            says.Add(new Say($"s-a-{round}", "a", Say.Done(), round + 0.5) { Agent = "a", Task = "t-a" });
            says.Add(new Say("s-b", $"b-{round}", new Outcome.Blocked("no"), round) { Agent = "b", Task = "t-b" });
            says.Add(new Say("s-b", $"b-{round}", Say.Done(), round + 0.5) { Agent = "b", Task = "t-b" });
        }

        var side = await OpenAsync();
        await RecordAsync([.. says]);
        await CaughtUpAsync(side);
        await side.Search.WaitForAsync(await Journal.LastPositionAsync(None), None).WaitAsync(TimeSpan.FromMinutes(1));
        foreach (var scope in new[] { new ReadScope(["b"], [], []), new ReadScope([], ["t-b"], []), new ReadScope(["b", "c"], ["t-b"], []) })
        {
            foreach (var veil in new[] { null, new PositionVeil(new byte[32]) })
            {
                var own = side.For(scope with { Veil = veil });
                Assert.Equal(["s-b", "shared"], await WalkAsync(own.Models.SessionsAsync, session => session.SessionId));
                Assert.Equal(["t-b"], await WalkAsync(own.Models.TasksAsync, task => task.TaskId));
                Assert.Equal(5, (await WalkAsync((page, none) => own.Models.ViolationsAsync(ViolationFilter.All, page, none), one => one.Agent)).Count);
                Assert.Equal(["w-b"], await WalkAsync((page, none) => own.Models.WindowsAsync(new WindowFilter(), page, none), one => one.WindowId));
                Assert.Equal(5, (await WalkAsync(
                    (page, none) => own.Models.CallsInStateAsync(CallState.AwaitingConfirmation, page, none), call => call.CallId)).Count);
                Assert.Equal(5, (await WalkAsync(async (page, none) => (await own.Models.CallsAsync(Say.Named("shared"), page, none))!, call => call.CallId)).Count);
                var session = (await own.Models.SessionAsync(Say.Named("shared"), None))!;
                Assert.Equal((5, 5, "b"), (session.Calls, session.OpenCalls, Assert.Single(session.Agents.Names)));
                Assert.Equal((1, 10), ((await own.Models.TaskAsync("t-b", None))!.Task.Windows, (await own.Models.TaskAsync("t-b", None))!.Task.Calls));
                Assert.Null(await own.Models.SessionAsync(Say.Named("s-a-1"), None));
                Assert.Null(await own.Models.TaskAsync("t-a", None));
                Assert.Null(await own.Models.CallAsync(Say.Named("shared"), "a-1", None));
                Assert.Null(await own.Models.WindowAsync("w-a", new PageRequest(), None));
                Assert.Null(await own.Models.HoursAsync(0, long.MaxValue, None));
                Assert.Null(await own.TimeTravel.CallAsync(Say.Named("shared"), "a-1", AsOf.At(1000), None));
                Assert.Equal(5, (await own.TimeTravel.SessionAsync(Say.Named("shared"), AsOf.At(1000), None))!.Item.Session.Calls);
                Assert.Equal(10, (await own.Search.CountAsync(side.Search.Parse("tool:*"), own.Scope, None)).Calls);
                Assert.Empty((await own.Search.SearchAsync(side.Search.Parse("agent:a*"), new PageRequest(1), own.Scope, None)).Items);
            }
        }
    }

    private static async Task<List<string?>> WalkAsync<T>(
        Func<PageRequest, CancellationToken, Task<Page<T>>> ask, Func<T, string?> name)
    {
        var found = new List<string?>();
        for (string? cursor = null; ;)
        {
            // Every page but the last is full.
            var page = await ask(new PageRequest(1, cursor), None);
            found.Add(name(Assert.Single(page.Items)));
            cursor = page.Next;
            if (cursor is null)
            {
                return found;
            }
        }
    }

    [ContractFact]
    public async Task a_call_that_turns_out_to_be_older_moves_to_its_hour()
    {
        var side = await OpenAsync();
        await RecordAsync(new Say("s", "one", Say.Done(), 70));
        await CaughtUpAsync(side);
        await RecordAsync(new Say("s", "one", Say.Asked, 1));
        await CaughtUpAsync(side);

        var models = side.Models;
        var begin = HourModel.HourOf(Say.At(0));
        var totals = (await models.HoursAsync(begin, begin + 2, None))!;
        Assert.Equal([(begin, 1)], totals.Hours.Select(hour => (hour.Hour, hour.States[CallState.Completed])));
        Assert.Equal(1, totals.All.States[CallState.Completed]);
        Assert.Empty((await models.HoursAsync(begin + 2, begin + 9, None))!.Hours);
    }

    [ContractFact]
    public async Task open_calls_and_those_that_their_host_forgot_are_listed_by_state()
    {
        var models = await ReadAsync(
            new Say("s", "waits", Say.Asked, 1),
            new Say("s", "waited", Say.Asked, 1),
            new Say("s", "waited", Say.Done(), 2),
            new Say("s", "runs", new Outcome.Started(), 3),
            new Say("s", "forgotten", new Outcome.PersistenceFailed(null, "disk full"), 4));

        Assert.Equal(["waits"], await NamesAsync(CallState.AwaitingConfirmation));
        Assert.Equal(["runs"], await NamesAsync(CallState.Running));
        Assert.Equal(["forgotten"], await NamesAsync(CallState.PersistenceFailed));
        Assert.Empty(await NamesAsync(CallState.Completed));

        async Task<IEnumerable<string>> NamesAsync(CallState state) =>
            (await models.CallsInStateAsync(state, All, None)).Items.Select(call => call.CallId);
    }

    [ContractFact]
    public async Task what_the_node_asks_waits_until_a_person_answered_it_whatever_its_host_says()
    {
        var rule = new PolicyMark("9f2c", "schema");
        Say Asks(string call, double minute, int people = 1) =>
            new("s", call, Say.Asked, minute) { Policy = rule with { People = people }, EndsMinute = 90 };
        Say Approves(string call, double minute) => new("s", call, new Outcome.Approved("approve-once") { By = "eve" }, minute);
        Say Answers(string call, string person, double minute, long question = 1) =>
            new("s", call, new Outcome.Approved("approve-once") { By = person }, minute) { Answers = question, Token = person, EndsMinute = 95 };
        var side = await OpenAsync();
        await RecordAsync(
            Asks("asked", 1), Approves("asked", 2),
            Asks("answered", 1), Approves("answered", 2), Answers("answered", "maria", 3),
            Asks("answered first", 1), Answers("answered first", "maria", 2), Approves("answered first", 3),
            Asks("two", 1, people: 2), Approves("two", 2), Answers("two", "maria", 3),
            Asks("began", 1), Approves("began", 2), new Say("s", "began", new Outcome.Started(), 3),
            Asks("refused", 1), new Say("s", "refused", new Outcome.Blocked("no"), 2),
            new Say("s", "alone", Say.Asked, 1), Approves("alone", 2),
            new Say("s", "both", Say.Asked, 1), Asks("both", 2), Approves("both", 3),
            new Say("s", "open", Say.Asked, 4));

        var models = await CaughtUpAsync(side);
        Assert.Equal(["open", "both", "two", "asked"], await WaitingAsync());
        Assert.Equal(4, (await models.CountAsync(None)).Awaiting);
        Assert.Equal(
            ["open", "both", "two", "asked"],
            (await models.CallsInStateAsync(CallState.AwaitingConfirmation, All, None)).Items.Select(call => call.CallId));
        await side.Search.WaitForAsync(await Journal.LastPositionAsync(None), None).WaitAsync(TimeSpan.FromMinutes(1));
        var found = await side.Search.SearchAsync(side.Search.Parse("is:waiting"), All, ReadScope.All, None);
        Assert.Equal(["asked", "both", "open", "two"], found.Items.Select(hit => hit.CallId).Order());
        Assert.Equal(2, (await models.CallAsync(Say.Named("s"), "both", None))!.Call.Asked);
        Assert.True((await side.TimeTravel.CallAsync(Say.Named("s"), "asked", AsOf.At(2), None))!.Item.Call.IsWaiting);

        // What comes late is judged in its place: this was said before it was asked, and then the question stands.
        await RecordAsync(
            Answers("two", "ada", 5), Answers("both", "ada", 5, question: 2),
            Asks("late", 6), Approves("late", 8), new Say("s", "late", new Outcome.Requested(), 5) { ReceivedMinute = 9 });
        await CaughtUpAsync(side);
        Assert.Equal(["late", "open", "asked"], await WaitingAsync());
        await side.RebuildAsync(null, None);
        Assert.Equal(["late", "open", "asked"], await WaitingAsync());
        Assert.Equal("ada", (await models.CallAsync(Say.Named("s"), "two", None))!.Call.DecidedBy);

        async Task<IEnumerable<string>> WaitingAsync() =>
            (await models.WaitingCallsAsync(All, None)).Items.Select(call => call.CallId);
    }

    [ContractFact]
    public async Task the_calls_that_wait_with_one_question_are_found_and_no_other_is_read()
    {
        const string Drop = """{"sql":"DROP TABLE orders"}""";
        var side = await OpenAsync();
        await RecordAsync(
            new Say("s", "one", Say.Asked, 1) { Input = Drop }, new Say("s", "other", Say.Asked, 2),
            new Say("s", "two", Say.Asked, 3) { Input = Drop, Agent = "b" }, new Say("s", "three", Say.Asked, 4) { Input = Drop },
            new Say("s", "done", Say.Asked, 5) { Input = Drop }, new Say("s", "done", Say.Done(), 6),
            new Say("s", "again", Say.Asked, 7) { Input = Drop }, new Say("s", "again", Say.Asked, 8));
        var models = await CaughtUpAsync(side);
        var question = (await models.CallAsync(Say.Named("s"), "one", None))!.Call.Question!;

        using var trace = new ReadTrace();
        var traced = side.For(ReadScope.All with { Trace = trace }).Models;
        Assert.Equal(["three", "two"], (await traced.WaitingOnAsync(question, 2, None)).Select(call => call.CallId));
        Assert.Equal(2, trace.State().Count);
        Assert.Empty(await traced.WaitingOnAsync(new string('0', question.Length), 2, None));
        Assert.Equal(2, trace.State().Count);
        Assert.Equal(["three", "two", "one"], (await models.WaitingOnAsync(question, 9, None)).Select(call => call.CallId));
        Assert.Equal(["two"], (await side.For(new ReadScope(["b"], [], [])).Models.WaitingOnAsync(question, 9, None)).Select(call => call.CallId));
    }

    [ContractFact]
    public async Task what_the_node_decided_on_a_tool_is_found_refusals_by_persons_first_and_no_host_pushes_it_away()
    {
        var policy = new PolicyMark("9f2c", "allowed");
        var says = new List<Submission>
        {
            new Say("s", "dropped", Say.Asked, 1) { Input = """{"sql":"DROP TABLE orders"}""" },
            new Say("s", "dropped", new Outcome.Blocked("no") { Decision = "reject", By = "eve" }, 2)
            {
                Input = """{"sql":"DROP TABLE orders"}""", Answers = 1, Token = "eve",
            },
            // What its host asks next hides the refusal no more than what it says of other calls.
            new Say("s", "dropped", Say.Asked, 3) { Input = """{"sql":"SELECT 2"}""" },
            new Say("s", "other tool", Say.Asked, 3) { Tool = "bash" },
            new Say("s", "other tool", new Outcome.Blocked("no") { By = "eve" }, 4) { Tool = "bash", Answers = 1, Token = "eve" },
            new Say("s", "stopped", Say.Asked, 4),
            new Say("s", "stopped", new Outcome.Blocked("denied"), 5) { Answers = 1, Policy = policy },
            new Say("s", "approved", Say.Asked, 4),
            new Say("s", "approved", new Outcome.Approved("approve-once") { By = "maria" }, 5) { Answers = 1, Token = "maria" },
            new Say("s", "allowed", Say.Asked, 6),
            new Say("s", "allowed", new Outcome.Approved("approve-once") { By = "policy" }, 7) { Answers = 1, Policy = policy },
            new Say("s", "first of two", Say.Asked, 8) { Policy = policy with { People = 2 }, EndsMinute = 90 },
            new Say("s", "first of two", new Outcome.Approved("approve-once") { By = "maria" }, 9) { Answers = 1, Token = "maria" },
        };
        for (var round = 0; round < 8; round++)
        {
            says.Add(new Say("s", $"host {round}", Say.Asked, 10 + round));
            says.Add(new Say("s", $"host {round}", new Outcome.Approved("approve-once") { By = "eve" }, 10.5 + round));
            says.Add(new Say("s", $"bare {round}", new Outcome.Requested(), 20 + round));
        }

        var side = await OpenAsync();
        await RecordAsync([.. says]);
        var models = await CaughtUpAsync(side);
        await CheckAsync();
        await side.RebuildAsync(null, None);
        await CheckAsync();

        async Task CheckAsync()
        {
            var decided = await models.DecidedAsync(Say.Named("s"), "sql.query", 8, None);
            Assert.Equal(["dropped", "stopped", "approved", "allowed"], decided.Items.Select(call => call.CallId));
            Assert.False(decided.HasMore);
            var made = decided.Items.Select(call => call.NodeDecision!).ToList();
            Assert.Equal(
                [(true, true, "eve"), (true, false, "ci-7"), (false, true, "maria"), (false, false, "policy")],
                made.Select(one => (one.IsRefusal, one.IsByPerson, one.By)));
            Assert.Equal(("reject", Say.At(2)), (made[0].Decision, made[0].At));
            Assert.Contains("DROP TABLE", made[0].Command);
            var cut = await models.DecidedAsync(Say.Named("s"), "sql.query", 1, None);
            Assert.Equal((true, "dropped"), (cut.HasMore, Assert.Single(cut.Items).CallId));
            Assert.Empty((await models.DecidedAsync(Say.Named("s", "cd"), "sql.query", 8, None)).Items);
            Assert.Empty((await side.For(new ReadScope(["b"], [], [])).Models.DecidedAsync(Say.Named("s"), "sql.query", 8, None)).Items);
        }
    }

    [ContractFact]
    public async Task what_waits_is_shown_as_its_question_asks_it_whatever_else_its_host_reports()
    {
        const string Drop = """{"sql":"DROP TABLE orders"}""";
        var side = await OpenAsync();
        await RecordAsync(
            new Say("s", "c", new Outcome.Requested(), 1) { Agent = "trusted", Task = "t-1", Input = """{"sql":"SELECT 0"}""" },
            new Say("s", "c", Say.Asked, 2) { Agent = "rogue", Task = "t-2", Input = Drop },
            new Say("s", "c", new Outcome.Requested(), 3), new Say("s", "c", new Outcome.Approved("approve-once"), 4),
            new Say("s", "silent", new Outcome.Requested(), 1),
            new Say("s", "silent", Say.Asked, 2) { Input = "null" }, new Say("s", "silent", new Outcome.Requested(), 3),
            new Say("s", "permitted", new Outcome.Requested(), 1),
            new Say("s", "permitted", new Outcome.RequiresConfirmation("may I?", null)
            {
                Permission = JsonDocument.Parse("""{"kind":"shell","fullCommandText":"rm -rf /srv"}""").RootElement,
            }, 2) { Input = "null" });
        var models = await CaughtUpAsync(side);
        await CheckAsync("DROP TABLE orders", "rogue", "t-2");
        await side.RebuildAsync(null, None);
        await CheckAsync("DROP TABLE orders", "rogue", "t-2");

        // Another question is what is asked from then on, and what ran says what a silent one left open.
        await RecordAsync(
            new Say("s", "c", Say.Asked, 5) { Agent = "trusted", Input = """{"sql":"SELECT 7"}""" }, new Say("s", "c", Say.Done(), 6),
            new Say("s", "silent", Say.Done(), 7));
        await CaughtUpAsync(side);
        await CheckAsync("SELECT 7", null, null);
        Assert.Equal("SELECT 1", (await CallAsync("silent")).Command);

        async Task<CallModel> CallAsync(string call) => (await models.CallAsync(Say.Named("s"), call, None))!.Call;

        async Task CheckAsync(string command, string? agent, string? task)
        {
            var call = await CallAsync("c");
            Assert.Equal((command, agent, task), (call.Command, call.AskedAgent, call.AskedTask));
            Assert.Equal(("trusted", "t-1"), (call.Agent, call.Task));
            var silent = await CallAsync("silent");
            Assert.Equal(silent.IsWaiting ? null : "SELECT 1", silent.Command);
            Assert.Equal("rm -rf /srv", (await CallAsync("permitted")).Command);
        }
    }

    [ContractFact]
    public async Task what_a_host_refuses_by_itself_is_put_into_no_persons_mouth()
    {
        Say Approves(string call) => new("s", call, new Outcome.Approved("approve-once") { By = "alice" }, 2) { Answers = 1, Token = "alice" };
        var side = await OpenAsync();
        await RecordAsync(
            new Say("s", "said", Say.Asked, 1), Approves("said"),
            new Say("s", "said", new Outcome.Blocked("no") { Decision = "reject", By = "x" }, 3),
            new Say("s", "silent", Say.Asked, 1), Approves("silent"), new Say("s", "silent", new Outcome.Blocked("no"), 3));
        var models = await CaughtUpAsync(side);

        Assert.Equal(("reject", null, "x"), await DecidedAsync("said"));
        Assert.Equal((null, null, null), await DecidedAsync("silent"));
        // That she approved it is found all the same.
        Assert.All(
            (await models.DecidedAsync(Say.Named("s"), "sql.query", 9, None)).Items,
            call => Assert.Equal((false, "alice"), (call.NodeDecision!.IsRefusal, call.NodeDecision.By)));

        async Task<(string?, string?, string?)> DecidedAsync(string call) =>
            (await models.CallAsync(Say.Named("s"), call, None))!.Call is var one ? (one.Decision, one.DecidedBy, one.ClaimedBy) : default;
    }

    [ContractFact]
    public async Task calls_outside_of_their_windows_and_windows_that_wait_are_listed()
    {
        var models = await ReadAsync(
            Say.Window("asked", WindowVerb.Request, "ann", 0, 0, 60),
            Say.Window("open", WindowVerb.Grant, "ann", 0, 0, 60),
            new Say("s", "in", Say.Done(), 10) { Task = "migrate-orders", Agent = "copilot" },
            new Say("s", "scope", Say.Done(), 11) { Task = "migrate-orders", Agent = "copilot", Tool = "bash" },
            new Say("s", "out", Say.Done(), 90) { Task = "migrate-orders", Agent = "copilot" });

        Assert.Equal(["out"], (await models.StrayedCallsAsync(WindowJudgement.OutsideWindow, All, None)).Items.Select(call => call.CallId));
        Assert.Equal(["scope"], (await models.StrayedCallsAsync(WindowJudgement.OutOfScope, All, None)).Items.Select(call => call.CallId));
        Assert.Equal(["asked"], (await models.WindowsAsync(new WindowFilter { Requested = true }, All, None)).Items.Select(window => window.WindowId));
    }

    [ContractFact]
    public async Task violations_are_in_the_order_of_the_times_that_they_show()
    {
        var models = await ReadAsync(
            new Say("s", "late", new Outcome.Blocked("no"), 1), new Say("s", "late", Say.Done(), 90),
            new Say("s", "early", new Outcome.Blocked("no"), 5), new Say("s", "early", Say.Done(), 30));

        var found = (await models.ViolationsAsync(ViolationFilter.All, All, None)).Items;
        Assert.Equal(["late", "early"], found.Select(one => one.CallId));
        Assert.Equal(found.Select(one => one.At).OrderDescending(), found.Select(one => one.At));
    }

    [ContractFact]
    public async Task a_session_is_drawn_whatever_years_its_host_tells_and_however_many_tools_it_names()
    {
        const int Parts = 60, Tools = 70;
        var old = (DateTimeOffset.Parse("1700-01-01T00:00:00Z") - Say.Start).TotalMinutes;
        Submission[] calls =
        [
            new Say("s", "old", Say.Done(), old) { ReceivedMinute = 0 },
            .. Enumerable.Range(0, Tools).Select(index => (Submission)new Say("s", $"c-{index}", Say.Done(), index) { Tool = $"tool-{index:00}" }),
            new Say("s", "again", Say.Done(), 100) { Tool = "tool-69" },
        ];
        var models = await ReadAsync(calls);

        var shape = (await models.ShapeAsync(Say.Named("s"), CallFilter.All, Parts, None))!;
        Assert.Equal(Tools + 2, shape.Calls);
        Assert.Equal(1700, shape.From.ToDateTimeOffset().Year);
        Assert.Equal([0, Parts - 1], shape.Groups.Select(group => group.Part).Distinct().Order());
        Assert.Equal(("tool-69", 2L), shape.Tools[0]);
        Assert.InRange(shape.Groups.Select(group => group.Tool).Distinct().Count(), 2, 41);
        Assert.Contains(shape.Groups, group => group.Tool is null && group.Calls > 20);
        var ofToday = (await models.ShapeAsync(Say.Named("s"), new CallFilter { From = Say.At(0) }, Parts, None))!;
        Assert.Equal((Say.At(0), Tools + 1L), (ofToday.From, ofToday.Calls));
        Assert.True(ofToday.Groups.Select(group => group.Part).Distinct().Count() > 20);
    }

    [ContractFact]
    public async Task the_past_of_a_session_is_picked_and_drawn_by_what_its_calls_were()
    {
        var side = await OpenAsync();
        await RecordAsync([.. Enumerable.Range(0, 5).Select(index => (Submission)new Say("s", $"c-{index}", Say.Asked, index))]);
        var then = await Journal.LastPositionAsync(None);
        await RecordAsync([.. Enumerable.Range(0, 5).Select(index => (Submission)new Say("s", $"c-{index}", Say.Done(), 10 + index))]);
        await CaughtUpAsync(side);

        var past = (await side.TimeTravel.SessionAsync(Say.Named("s"), AsOf.At(then), None))!.Item;
        var (waiting, done) = (new CallFilter { State = CallState.AwaitingConfirmation }, new CallFilter { State = CallState.Completed });
        Assert.Empty(past.CallsOf(done, All, ReadScope.All).Items);
        Assert.Null(past.ShapeOf(done, 10));
        var shape = past.ShapeOf(waiting, 10)!;
        Assert.Equal((5L, Say.At(0), Say.At(4)), (shape.Calls, shape.From, shape.Until));
        var first = past.CallsOf(waiting, new PageRequest(3), ReadScope.All);
        Assert.Equal(["c-4", "c-3", "c-2"], first.Items.Select(call => call.CallId));
        Assert.Equal(["c-1", "c-0"], past.CallsOf(waiting, new PageRequest(3, first.Next), ReadScope.All).Items.Select(call => call.CallId));
        Assert.Equal(["c-4"], past.CallsOf(new CallFilter { From = Say.At(4) }, All, ReadScope.All).Items.Select(call => call.CallId));
    }

    [ContractFact]
    public async Task the_calls_of_a_session_can_be_asked_for_by_time()
    {
        var models = await ReadAsync(
            new Say("s", "early", Say.Done(), 1), new Say("s", "long", Say.Asked, 2), new Say("s", "late", Say.Done(), 9),
            new Say("s", "long", Say.Done(), 10));

        Assert.Equal(["long", "early"], await NamesAsync(null, Say.At(3)));
        Assert.Equal(["late", "long"], await NamesAsync(Say.At(5), null));
        Assert.Equal(["long"], await NamesAsync(Say.At(5), Say.At(6)));
        Assert.Null(await models.CallsAsync(Say.Named("none"), CallFilter.All, All, None));
        var first = (await models.CallAsync(Say.Named("s"), "early", None))!.Call.Id;
        Assert.Equal(["early"], (await models.CallsAsync(Say.Named("s"), new CallFilter { Through = first }, All, None))!.Items.Select(call => call.CallId));
        var positions = await models.PositionsAsync((await models.CallsAsync(Say.Named("s"), All, None))!.Items, None);
        Assert.Equal(4, positions.Count);
        Assert.Equal(positions.Order(), positions);

        async Task<IEnumerable<string>> NamesAsync(Timestamp? from, Timestamp? until) =>
            (await models.CallsAsync(Say.Named("s"), new CallFilter { From = from, Until = until }, All, None))!.Items.Select(call => call.CallId);
    }
}
