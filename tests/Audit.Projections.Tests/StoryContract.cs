namespace Audit.Projections.Tests;

/// <summary>What the read models show after stories.</summary>
public abstract class StoryContract : ReadSideContract
{
    [ContractFact]
    public async Task a_call_tells_its_state_its_command_and_how_long_it_waited_and_ran()
    {
        var models = await ReadAsync(
            new Say("s", "c", Say.Asked, 1) { Task = "t", Agent = "a", Input = """{"sql":"ALTER TABLE customers"}""" },
            new Say("s", "c", new Outcome.Approved("approve-once") { By = "alice" }, 3) { Input = "null" },
            new Say("s", "c", new Outcome.Started(), 4) { Input = "null" },
            new Say("s", "c", Say.Done(durationMs: 1500), 5) { Input = "null" });

        var view = (await models.CallAsync(Say.Named("s"), "c", None))!;
        var call = view.Call;
        Assert.Equal((CallState.Completed, 1, "sql.query", "t", "a", "ci-7"), (call.State, call.Attempt, call.Tool, call.Task, call.Agent, call.Token));
        Assert.Equal(("ALTER TABLE customers", "approve-once", "alice", (bool?)true), (call.Command, call.Decision, call.ClaimedBy, call.Success));
        Assert.Equal((TimeSpan.FromMinutes(2), TimeSpan.FromMilliseconds(1500)), (call.Waited, call.Ran));
        Assert.Equal((Say.At(1), Say.At(5), false), (call.FirstAt, call.LastAt, call.IsOpen));
        Assert.Equal(["requires_confirmation", "approved", "started", "completed"], view.Transitions.Select(one => Words.Of(one.Message)));
    }

    [ContractFact]
    public async Task a_call_that_tells_no_decision_waited_until_it_must_have_begun_to_run()
    {
        var models = await ReadAsync(new Say("s", "c", Say.Asked, 1), new Say("s", "c", Say.Done(durationMs: 60_000), 5));

        var call = (await models.CallAsync(Say.Named("s"), "c", None))!.Call;
        Assert.Equal((TimeSpan.FromMinutes(3), TimeSpan.FromMinutes(1)), (call.Waited, call.Ran));
    }

    [ContractFact]
    public async Task a_session_counts_its_calls_by_state_and_knows_who_took_part()
    {
        var models = await ReadAsync(
            new Say("s", "one", Say.Done(), 1) { Agent = "a", Task = "t" },
            new Say("s", "two", Say.Asked, 2) { Agent = "b" },
            new Say("s", "three", new Outcome.Blocked("no"), 3),
            new Say("s", "three", Say.Done(), 4),
            Say.Note("s", "idle", 5));

        var session = (await models.SessionAsync(Say.Named("s"), None))!;
        Assert.Equal((3, 1, 1, 1), (session.Calls, session.States[CallState.Completed], session.States[CallState.AwaitingConfirmation], session.States[CallState.Blocked]));
        Assert.Equal((1, 1, 4, 1), (session.Violations, session.OpenCalls, session.Messages, session.Notes));
        Assert.Equal(["a", "b"], session.Agents.Names);
        Assert.Equal(["t"], session.Tasks.Names);
        Assert.Equal(["ci-7"], session.Tokens.Names);
        Assert.Equal((Say.At(1), Say.At(5)), (session.FirstAt, session.LastAt));
    }

    [ContractFact]
    public async Task the_same_id_of_another_source_is_another_session()
    {
        var models = await ReadAsync(
            new Say("s", "one", Say.Asked, 1), new Say("s", "one", Say.Done(), 2) { Source = "laptop" }, new Say("s", "two", Say.Asked, 3));

        var (own, other) = (Say.Named("s"), Say.Named("s", "laptop"));
        Assert.Equal((2, 1), ((await models.SessionAsync(own, None))!.Calls, (await models.SessionAsync(other, None))!.Calls));
        Assert.Equal(CallState.AwaitingConfirmation, (await models.CallAsync(own, "one", None))!.Call.State);
        Assert.Equal(CallState.Completed, (await models.CallAsync(other, "one", None))!.Call.State);
        Assert.Equal(["ci", "laptop"], await models.SourcesOfAsync("s", None));
        Assert.Empty(await models.SourcesOfAsync("", None));
    }

    [ContractFact]
    public async Task a_session_that_was_told_whole_is_complete()
    {
        var models = await ReadAsync(
            Say.Note("s", "started", 0, seq: 0), new Say("s", "c", Say.Done(), 1) { Seq = 1 }, Say.Note("s", "ended", 2, seq: 2));

        Assert.True((await models.SessionAsync(Say.Named("s"), None))!.Completeness.IsComplete);
    }

    [ContractFact]
    public async Task gaps_in_the_numbers_calls_open_after_the_end_and_late_messages_speak_against_completeness()
    {
        var models = await ReadAsync(
            new Say("s", "one", Say.Done(), 1) { Seq = 3 },
            new Say("s", "two", Say.Asked, 2) { Seq = 7 },
            new Say("s", "three", Say.Done(), 3) { Seq = 6, ReceivedMinute = 9 },
            Say.Note("s", "ended", 10, seq: 8));

        var completeness = (await models.SessionAsync(Say.Named("s"), None))!.Completeness;
        Assert.Equal([new HostGap("ci-7", 1, 2), new HostGap("ci-7", 4, 5)], completeness.Gaps);
        Assert.Equal((4, 1, 1), (completeness.MissingMessages, completeness.OpenAfterEnd, completeness.ReportedLate));
    }

    [ContractFact]
    public async Task a_session_that_starts_again_after_its_end_has_not_ended()
    {
        var models = await ReadAsync(Say.Note("s", "ended", 1), Say.Note("s", "started", 2));

        Assert.False((await models.SessionAsync(Say.Named("s"), None))!.HasEnded);
    }

    [ContractFact]
    public async Task a_violation_that_a_late_message_lifts_is_shown_as_lifted()
    {
        var side = await OpenAsync();
        await RecordAsync(new Say("s", "c", new Outcome.Blocked("no"), 1), new Say("s", "c", Say.Done(), 3));
        var models = await CaughtUpAsync(side);
        var standing = Assert.Single((await models.ViolationsAsync(new ViolationFilter { Lifted = false }, All, None)).Items);
        Assert.Equal(("s", "c", "completed", "blocked"), (standing.SessionId, standing.CallId, standing.Message, standing.From));
        Assert.Equal("a blocked call reported success", standing.Reason);

        await RecordAsync(new Say("s", "c", new Outcome.Approved("approve-once"), 2));
        models = await CaughtUpAsync(side);

        // The approval is a violation itself, for a settled call takes none; so only a retry by the host can lift.
        var all = (await models.ViolationsAsync(ViolationFilter.All, All, None)).Items;
        Assert.Equal(all.Count(one => !one.IsLifted), (await models.SessionAsync(Say.Named("s"), None))!.Violations);
    }

    [ContractFact]
    public async Task a_violation_waits_for_review_unless_it_was_lifted_at_once_and_nobody_knew_of_it()
    {
        var side = await OpenAsync();
        foreach (var (call, minute) in new[] { ("quick", 21), ("copied", 21), ("late", 23) })
        {
            await RecordAsync(
                new Say("s", call, Say.Done(), 1) { ReceivedMinute = 20 },
                new Say("s", call, Say.Done(durationMs: 5), 9) { ReceivedMinute = 20 });
            await RecordAsync(call == "copied" ? [Say.Copy(20)] : []);
            await RecordAsync(new Say("s", call, new Outcome.PersistenceFailed(null, "disk"), 5) { ReceivedMinute = minute });
        }

        var late = new Say("s", "late", Say.Asked, 30) { ReceivedMinute = 30 };
        var models = await CaughtUpAsync(side);
        Assert.Equal(["explained", "waiting", "waiting"], await ReviewsAsync(models, "quick", "copied", "late"));
        Assert.Equal(TimeSpan.FromMinutes(3), (await OneAsync(models, "late")).Review!.LiftedAfter);
        Assert.Equal(2, (await models.HoursAsync(0, 0, None))!.All.Unreviewed);

        await RecordAsync(late.Review("rita", ViolationCause.None, 2, "a disk"));
        models = await CaughtUpAsync(side);
        Assert.Equal(["explained", "waiting", "reviewed"], await ReviewsAsync(models, "quick", "copied", "late"));
        var review = (await OneAsync(models, "late")).Review!;
        Assert.Equal(("rita", "a disk", Say.At(30)), (review.By, review.Reason, review.At));
        Assert.Equal(1, (await models.HoursAsync(0, 0, None))!.All.Unreviewed);
        var waiting = new ViolationFilter { Review = ReviewState.Waiting };
        Assert.Equal("copied", Assert.Single((await models.ViolationsAsync(waiting, All, None)).Items).CallId);

        await RecordAsync(new Say("s", "late", Say.Done(durationMs: 7), 7) { ReceivedMinute = 40 });
        models = await CaughtUpAsync(side);
        Assert.Equal(ReviewState.Reopened, (await OneAsync(models, "late")).Review!.State);
        Assert.Contains((await models.ViolationsAsync(waiting, All, None)).Items, one => one is { CallId: "late", Sequence: 2 });

        var rows = await Dump.OfAsync(Address);
        await side.RebuildAsync(null, None);
        Assert.Equal(rows, await Dump.OfAsync(Address));
    }

    private static async Task<ViolationModel> OneAsync(ReadModels models, string call) =>
        (await models.ViolationsAsync(ViolationFilter.All, All, None)).Items.Single(one => one.CallId == call && one.Sequence == 2);

    private static async Task<IEnumerable<string>> ReviewsAsync(ReadModels models, params string[] calls)
    {
        var states = new List<string>();
        foreach (var call in calls)
        {
            states.Add((await OneAsync(models, call)).Review!.State.ToString().ToLowerInvariant());
        }

        return states;
    }

    [ContractFact]
    public async Task what_arrives_out_of_order_ends_as_what_arrives_in_order()
    {
        Submission[] story =
        [
            new Say("s", "c", Say.Asked, 1) { Task = "t", Agent = "a" },
            new Say("s", "c", new Outcome.Approved("approve-once"), 2),
            new Say("s", "c", new Outcome.Started(), 3),
            new Say("s", "c", Say.Done(), 4),
        ];
        var side = await OpenAsync();
        foreach (var item in (Submission[])[story[3], story[0], story[2], story[1]])
        {
            await RecordAsync(item);
            await CaughtUpAsync(side);
        }

        var call = (await side.Models.CallAsync(Say.Named("s"), "c", None))!.Call;
        Assert.Equal((CallState.Completed, 0, TimeSpan.FromMinutes(1), "t"), (call.State, call.Violations, call.Waited, call.Task));
        Assert.Equal(0, (await side.Models.SessionAsync(Say.Named("s"), None))!.Violations);
        Assert.Equal(1, (await side.Models.TaskAsync("t", None))!.Task.Calls);
        Assert.All((await side.Models.ViolationsAsync(ViolationFilter.All, All, None)).Items, one => Assert.True(one.IsLifted));
    }

    [ContractFact]
    public async Task a_refused_act_on_a_window_is_a_violation_like_that_of_a_call()
    {
        var side = await OpenAsync();
        await RecordAsync(Say.Window("w", WindowVerb.Request, "bob", 0, closes: 60), Say.Window("w", WindowVerb.Approve, "bob", 1));
        var models = await CaughtUpAsync(side);

        var violation = Assert.Single((await models.ViolationsAsync(ViolationFilter.All, All, None)).Items);
        Assert.Equal(("w", "approve", "requested", "bob"), (violation.WindowId, violation.Message, violation.From, violation.Token));
        Assert.StartsWith("who requested a window", violation.Reason);
        Assert.Equal((2, "not_allowed", ReviewState.Waiting), (violation.Sequence, violation.Cause, violation.Review!.State));
        Assert.Equal(1, (await models.HoursAsync(long.MinValue + 1, long.MaxValue, None))!.All.Unreviewed);

        await RecordAsync(Say.ReviewWindow("w", "rita", 2, 2), Say.Window("w", WindowVerb.Close, "eve", 3));
        await CaughtUpAsync(side);
        var waiting = new ViolationFilter { Review = ReviewState.Waiting };
        var reviewed = Assert.Single((await models.ViolationsAsync(ViolationFilter.All, All, None)).Items).Review!;
        Assert.Equal((ReviewState.Reviewed, "rita", "seen"), (reviewed.State, reviewed.By, reviewed.Reason));
        Assert.Empty((await models.ViolationsAsync(waiting, All, None)).Items);
        Assert.Equal(0, (await models.HoursAsync(long.MinValue + 1, long.MaxValue, None))!.All.Unreviewed);
        Assert.Equal(WindowState.Closed, (await models.WindowAsync("w", All, None))!.Window.State);
    }

    [ContractFact]
    public async Task pages_go_through_a_list_newest_first_without_repeating_or_missing_anything()
    {
        var side = await OpenAsync();
        await RecordAsync([.. Enumerable.Range(0, 25).Select(call => (Submission)new Say("s", $"c{call}", Say.Asked, call))]);
        var models = await CaughtUpAsync(side);
        var seen = new List<string>();
        string? cursor = null;
        do
        {
            var page = (await models.CallsAsync(Say.Named("s"), new PageRequest(10, cursor), None))!;
            seen.AddRange(page.Items.Select(call => call.CallId));
            cursor = page.Next;

            // What comes meanwhile stands before the first page.
            await RecordAsync(new Say("s", $"later{seen.Count}", Say.Asked, 100));
            await CaughtUpAsync(side);
        }
        while (cursor is not null);

        Assert.Equal(Enumerable.Range(0, 25).Reverse().Select(call => $"c{call}"), seen);
    }

    [ContractFact]
    public async Task a_call_is_found_by_its_parent_whichever_came_first()
    {
        var models = await ReadAsync(
            new Say("s", "early", Say.Asked, 1) { Parent = "parent" },
            new Say("s", "parent", Say.Asked, 2),
            new Say("s", "late", Say.Asked, 3),
            new Say("s", "late", Say.Done(), 4) { Parent = "parent" },
            new Say("s", "late", new Outcome.Started(), 3.5) { Parent = "another" },
            new Say("s", "round", Say.Asked, 5) { Parent = "around" },
            new Say("s", "around", Say.Asked, 6) { Parent = "round" },
            new Say("other", "stranger", Say.Asked, 7) { Parent = "parent" });

        var children = (await models.CallsAsync(Say.Named("s"), new CallFilter { Parent = "parent" }, All, None))!.Items;
        Assert.Equal(["early"], children.Select(call => call.CallId));
        var late = (await models.CallAsync(Say.Named("s"), "late", None))!.Call;
        Assert.Equal(("another", Anomalies.ParentChanged), (late.Parent, late.Anomalies & Anomalies.ParentChanged));
        Assert.Equal(["around"], (await models.CallsAsync(Say.Named("s"), new CallFilter { Parent = "round" }, All, None))!.Items.Select(call => call.CallId));
    }

    [ContractFact]
    public async Task a_cursor_of_nobody_is_refused()
    {
        var models = await ReadAsync(new Say("s", "c", Say.Asked, 1));

        await Assert.ThrowsAsync<CursorException>(() => models.SessionsAsync(new PageRequest(10, "nonsense!"), None));
    }

    [ContractFact]
    public async Task what_nobody_told_is_not_there()
    {
        var models = await ReadAsync(new Say("s", "c", Say.Asked, 1));

        Assert.Null(await models.SessionAsync(Say.Named("x"), None));
        Assert.Null(await models.CallsAsync(Say.Named("x"), All, None));
        Assert.Null(await models.CallAsync(Say.Named("s"), "x", None));
        Assert.Null(await models.TaskAsync("x", None));
        Assert.Null(await models.WindowAsync("x", All, None));
        Assert.Single((await models.SessionsAsync(All, None)).Items);
    }
}
