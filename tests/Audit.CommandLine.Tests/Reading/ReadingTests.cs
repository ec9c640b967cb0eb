using System.Text.Json;

namespace Audit.CommandLine.Tests.Reading;

/// <summary>The reading verbs, asked of the demo.</summary>
public sealed class ReadingTests(DemoProcess demo) : IClassFixture<DemoProcess>
{
    [Fact]
    public async Task sessions_are_listed_newest_first()
    {
        var lines = (await RunAsync("sessions")).Require(ExitCode.Fine).OutLines;
        Assert.StartsWith("session\tsource\tcalls\tstates", lines[0], StringComparison.Ordinal);
        Assert.Equal(
            ["migr-orders-20b1", "trig-442-91bc", "migr-orders-20a7", "docs-weekly-55c0", "tues-support-881"],
            lines.Skip(1).Select(line => line.Split('\t')[0]));
        Assert.Equal(2, (await RunAsync("sessions", "--limit", "2", "-o", "ndjson")).Require(ExitCode.Fine).OutLines.Length);
        using var list = JsonDocument.Parse((await RunAsync("sessions", "-o", "json")).Require(ExitCode.Fine).Out);
        Assert.Equal(5, list.RootElement.GetArrayLength());
    }

    [Fact]
    public async Task a_window_tells_who_approved_it_what_was_done_and_what_outside()
    {
        var said = (await RunAsync("windows", "w-orders-17")).Require(ExitCode.Fine).Out;
        var places = new[]
        {
            "window w-orders-17: expired", "task          migrate-orders", "agent         copilot-agent", "approved by   maria",
            "done in it, in order", "SELECT count(*) FROM orders", "ALTER TABLE orders ADD COLUMN region text", "OUTSIDE of any window",
            "CREATE INDEX orders_region", "OUT OF SCOPE",
        }.Select(part => said.IndexOf(part, StringComparison.Ordinal)).ToList();
        Assert.DoesNotContain(-1, places);
        Assert.Equal(places.Order(), places);
        Assert.Equal(
            ["w-orders-18", "w-orders-17"],
            (await RunAsync("windows", "--task", "migrate-orders")).Require(ExitCode.Fine).OutLines.Skip(1).Select(line => line.Split('\t')[0]));
    }

    [Fact]
    public async Task a_task_names_who_authorised_the_change_of_its_schema()
    {
        var task = Json(await RunAsync("tasks", "migrate-orders", "-o", "json"));
        var change = task.GetProperty("calls").GetProperty("in_window").GetProperty("items").EnumerateArray()
            .Single(call => call.GetProperty("command").GetString()!.StartsWith("ALTER TABLE", StringComparison.Ordinal));
        Assert.Equal("maria", change.GetProperty("claimed_by").GetString());
        Assert.Equal("completed", change.GetProperty("state").GetString());
        Assert.Contains("migrate-orders", (await RunAsync("tasks")).Require(ExitCode.Fine).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task what_changed_between_two_moments_is_told_of_sessions_and_tasks()
    {
        var end = Json(await RunAsync("show", "migr-orders-20a7", "-o", "json")).GetProperty("last_position").GetInt64();
        var whole = Json(await RunAsync("diff", "session", "migr-orders-20a7", "-o", "json"));
        var later = Json(await RunAsync("diff", "session", "migr-orders-20a7", "--from", $"{end}", "-o", "json"));
        Assert.Equal((9, 0), (CallsBegun(whole), CallsBegun(later)));

        var said = (await RunAsync("diff", "task", "migrate-orders")).Require(ExitCode.Fine).Out;
        Assert.Contains("before all", said, StringComparison.Ordinal);
        Assert.Contains("window\tw-orders-17\t\topened\t\tapproved by maria", said, StringComparison.Ordinal);
        Assert.Contains("call\tcall_migr_009\tsql.execute\tmark\t\toutside-window", said, StringComparison.Ordinal);
        Assert.Contains("There is no task", (await RunAsync("diff", "task", "nothing")).Require(ExitCode.Failed).Error, StringComparison.Ordinal);
        Assert.Contains("no policy", (await RunAsync("diff", "policy")).Require(ExitCode.Failed).Error, StringComparison.Ordinal);

        static int CallsBegun(JsonElement found) => found.GetProperty("changes").EnumerateArray().Count(one =>
            one.GetProperty("what").GetString() == "call" && one.GetProperty("change").GetString() == "began");
    }

    [Fact]
    public async Task a_session_is_shown_as_lanes_and_as_it_was()
    {
        var said = (await RunAsync("show", "migr-orders-20a7")).Require(ExitCode.Fine).Out;
        Assert.Contains("complete      no: 1 messages are missing", said, StringComparison.Ordinal);
        Assert.Contains("░", said, StringComparison.Ordinal);
        var now = Json(await RunAsync("show", "tues-support-881", "-o", "json"));
        var waited = new List<long>();
        for (var at = now.GetProperty("position").GetInt64(); at <= now.GetProperty("last_position").GetInt64(); at++)
        {
            var past = Json(await RunAsync("show", "tues-support-881", "--at", $"{at}", "-o", "json"));
            Assert.Equal(at, past.GetProperty("as_of").GetInt64());
            if (past.GetProperty("states").TryGetProperty("awaiting_confirmation", out var calls) && calls.GetInt32() == 1)
            {
                waited.Add(at);
            }
        }

        Assert.NotEmpty(waited);
        Assert.False(now.GetProperty("states").TryGetProperty("awaiting_confirmation", out _));
    }

    [Fact]
    public async Task a_call_is_shown_message_by_message_with_its_violation()
    {
        var said = (await RunAsync("show", "trig-442-91bc", "call_trig_006")).Require(ExitCode.Fine).Out;
        Assert.Contains("awaiting_confirmation → blocked", said, StringComparison.Ordinal);
        Assert.Contains("VIOLATION (standing_refusal)", said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("customers UPDATE during:last-tuesday", "call_tues_002")] // Who changed this row last Tuesday?
    [InlineData("customers tool:sql.* during:w-incident-442", "call_trig_003", "call_trig_002")] // Was the table read in the window?
    [InlineData("\"ALTER TABLE orders ADD\"", "call_migr_003")] // Which task authorised this change of the schema?
    [InlineData("is:violation", "call_trig_006")]
    [InlineData("/etc/passwd", "call_trig_004")]
    [InlineData("input.path:/etc/passwd", "call_trig_004")]
    [InlineData("state:awaiting_confirmation", "call_migr_002")]
    [InlineData("is:outside-window session:migr-orders-20a7", "call_migr_009")]
    public async Task a_question_is_answered_by_one_search(string query, params string[] calls) => Assert.Equal(
        calls,
        (await RunAsync("search", query, "-o", "ndjson")).Require(ExitCode.Fine).OutLines
            .Select(line => JsonDocument.Parse(line).RootElement.GetProperty("tool_call_id").GetString()));

    [Fact]
    public async Task a_wrong_query_is_shown_with_its_place()
    {
        var said = (await RunAsync("search", "customers stat:blocked")).Require(ExitCode.WrongUse).Error;
        Assert.Contains("  customers stat:blocked\n            ^^^^", said, StringComparison.Ordinal);
        Assert.Contains("There is no key \"stat\"", said, StringComparison.Ordinal);
        Assert.Contains("window \"none\"", (await RunAsync("search", "during:none")).Require(ExitCode.Failed).Error, StringComparison.Ordinal);
        Assert.Contains("input.<path>", (await RunAsync("search", "--keys")).Require(ExitCode.Fine).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task a_session_is_played_again_up_to_a_moment()
    {
        var whole = (await RunAsync("replay", "tues-support-881", "-o", "ndjson")).Require(ExitCode.Fine).OutLines;
        Assert.Equal(8, whole.Length);
        var last = JsonDocument.Parse(whole[4]).RootElement.GetProperty("position").GetInt64();
        Assert.Equal(5, (await RunAsync("replay", "tues-support-881", "--at", $"{last}", "-o", "ndjson")).Require(ExitCode.Fine).OutLines.Length);
        Assert.Contains("running → completed", (await RunAsync("replay", "tues-support-881")).Require(ExitCode.Fine).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task the_tail_begins_where_it_is_told()
    {
        var events = (await RunAsync("tail", "--after", "0", "--session", "tues-support-881", "--count", "3", "-o", "ndjson"))
            .Require(ExitCode.Fine).OutLines.Select(line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.Equal(3, events.Count);
        Assert.All(events, one => Assert.Equal("tues-support-881", one.GetProperty("event").GetProperty("session_id").GetString()));
    }

    [Fact]
    public async Task a_watched_session_tells_its_latest_calls_again_and_goes_on()
    {
        var said = (await RunAsync("watch", "trig-442-91bc", "--count", "9")).Require(ExitCode.Fine);
        Assert.Contains("violations    1", said.Out, StringComparison.Ordinal);
        Assert.Contains("VIOLATION in blocked", said.Out, StringComparison.Ordinal);
        var events = (await RunAsync("watch", "trig-442-91bc", "--count", "9", "-o", "ndjson")).Require(ExitCode.Fine).OutLines;
        Assert.Equal(9, events.Length);
        Assert.All(events, line => Assert.Contains("trig-442-91bc", line, StringComparison.Ordinal));
        Assert.Contains("no session \"none\"", (await RunAsync("watch", "none")).Require(ExitCode.Failed).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task a_bound_token_watches_and_replays_what_it_may_see_and_nothing_else()
    {
        var text = (await RunAsync("token", "create", "watcher", "--role", "read", "--agent", "copilot-agent")).Require(ExitCode.Fine).Out;
        var file = Path.Combine(demo.Data, "watcher.token");
        File.WriteAllText(file, text.Trim());
        Task<CommandResult> AsAsync(params string[] args) => RunAsync([.. args, "--token-file", file]);
        var all = (await AsAsync("replay", "migr-orders-20a7", "-o", "ndjson")).Require(ExitCode.Fine).OutLines;
        Assert.True(all.Length > 5);
        var ofCalls = all.SkipWhile(line => !line.Contains("tool_call_id", StringComparison.Ordinal)).ToArray();
        var watched = (await AsAsync("watch", "migr-orders-20a7", "--count", $"{ofCalls.Length}", "-o", "ndjson")).Require(ExitCode.Fine).OutLines;
        Assert.Equal(ofCalls.Select(PlaceOf), watched.Select(PlaceOf));
        Assert.All(watched, line => Assert.Contains("copilot-agent", line, StringComparison.Ordinal));

        // Its positions say nothing of their order, and yet a moment of the past ends where it ended.
        var middle = PlaceOf(all[all.Length / 2]);
        var past = (await AsAsync("replay", "migr-orders-20a7", "--at", middle, "-o", "ndjson")).Require(ExitCode.Fine).OutLines;
        Assert.Equal(all.Take((all.Length / 2) + 1).Select(PlaceOf), past.Select(PlaceOf));

        static string PlaceOf(string line) => JsonDocument.Parse(line).RootElement.GetProperty("position").GetRawText();
    }

    [Fact]
    public async Task a_rebuild_leaves_everything_as_it_was()
    {
        var before = (await RunAsync("sessions", "-o", "ndjson")).Require(ExitCode.Fine).Out;
        Assert.Contains("built anew", (await RunAsync("rebuild")).Require(ExitCode.Fine).Out, StringComparison.Ordinal);
        Assert.Equal(before, (await RunAsync("sessions", "-o", "ndjson")).Require(ExitCode.Fine).Out);
    }

    [Fact]
    public async Task what_is_not_there_or_not_understood_is_a_sentence()
    {
        Assert.Contains("no session \"none\"", (await RunAsync("show", "none")).Require(ExitCode.Failed).Error, StringComparison.Ordinal);
        Assert.Contains("RFC 3339", (await RunAsync("show", "tues-support-881", "--at", "noon")).Require(ExitCode.Failed).Error, StringComparison.Ordinal);
        Assert.Contains("--limit \"0\"", (await RunAsync("sessions", "--limit", "0")).Require(ExitCode.WrongUse).Error, StringComparison.Ordinal);
        Assert.Contains("not halted", (await RunAsync("projections", "skip", "7", "--reason", "x")).Require(ExitCode.Failed).Error, StringComparison.Ordinal);
        Assert.Contains("No node runs", (await InProcess.RunAsync("sessions", "--data", demo.Data + "-none")).Require(ExitCode.CannotReachNode).Error, StringComparison.Ordinal);
        Assert.Contains("not empty", (await InProcess.RunAsync("demo", "--data", demo.Data)).Require(ExitCode.WrongUse).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task a_case_is_put_together_and_given_as_a_file_that_verifies()
    {
        var id = (await RunAsync("case", "open", "What the trigger did")).Require(ExitCode.Fine).Out.Trim();
        var pinned = await RunAsync("case", "pin", id, "trig-442-91bc", "call_trig_006", "--note", "refused before");
        Assert.StartsWith("case.pinned, pin 2, at position ", pinned.Require(ExitCode.Fine).Out, StringComparison.Ordinal);
        (await RunAsync("case", "pin", id, "--window", "w-orders-17")).Require(ExitCode.Fine);
        (await RunAsync("case", "pin", id, "--query", "session:trig-442-91bc is:violation")).Require(ExitCode.Fine);
        (await RunAsync("case", "note", id, "maria was told")).Require(ExitCode.Fine);
        (await RunAsync("case", "unpin", id, "4")).Require(ExitCode.Fine);
        var shown = (await RunAsync("case", "show", id)).Require(ExitCode.Fine).Out;
        Assert.Contains("the host reported success", shown, StringComparison.Ordinal);
        Assert.Contains("maria was told", shown, StringComparison.Ordinal);
        Assert.Equal(2, Json(await RunAsync("case", "show", id, "-o", "json")).GetProperty("pinned").GetArrayLength());
        Assert.Contains(id, (await RunAsync("case", "list", "--open")).Require(ExitCode.Fine).Out, StringComparison.Ordinal);
        (await RunAsync("case", "close", id, "done")).Require(ExitCode.Fine);
        Assert.DoesNotContain(id, (await RunAsync("case", "list", "--open")).Require(ExitCode.Fine).Out, StringComparison.Ordinal);
        Assert.Contains("closed it", (await RunAsync("case", "note", id, "late")).Require(ExitCode.Failed).Error, StringComparison.Ordinal);

        var log = Json(await RunAsync("verify", "-o", "json")).GetProperty("integrity");
        var (file, key) = (demo.Data + ".zip", log.GetProperty("key").GetString()!);
        (await RunAsync("case", "export", id, "--to", file)).Require(ExitCode.Fine);
        var verified = await InProcess.RunAsync("verify", "--bundle", file, "--key", key);
        Assert.Contains("the page for people is the one", verified.Require(ExitCode.Fine).Out, StringComparison.Ordinal);
        using (var zip = System.IO.Compression.ZipFile.Open(file, System.IO.Compression.ZipArchiveMode.Update))
        {
            await using var page = zip.GetEntry("report.html")!.Open();
            page.Seek(-1, SeekOrigin.End);
            page.WriteByte((byte)' ');
        }

        var changed = await InProcess.RunAsync("verify", "--bundle", file, "--key", key);
        Assert.Contains("no row has its hash", changed.Require(ExitCode.VerificationFailed).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task a_search_is_kept_opened_and_removed()
    {
        var id = (await RunAsync("view", "save", "failed ones", "is:failed", "session:migr-orders-20a7", "--shared", "--sort", "-ran")).Require(ExitCode.Fine).Out.Trim();
        Assert.StartsWith("v-", id, StringComparison.Ordinal);
        Assert.Contains("already", (await RunAsync("view", "save", "failed ones", "x", "--shared")).Require(ExitCode.Failed).Error, StringComparison.Ordinal);
        Assert.Contains("failed ones\tis:failed session:migr-orders-20a7\teverybody's\tadmin\t", (await RunAsync("view", "list")).Require(ExitCode.Fine).Out, StringComparison.Ordinal);
        var found = (await RunAsync("view", "open", "failed ones", "-o", "ndjson")).Require(ExitCode.Fine).OutLines;
        Assert.Equal("call_migr_007", JsonDocument.Parse(Assert.Single(found)).RootElement.GetProperty("tool_call_id").GetString());
        Assert.Equal(found, (await RunAsync("view", "open", id, "-o", "ndjson")).Require(ExitCode.Fine).OutLines);
        Assert.Contains("removed failed ones", (await RunAsync("view", "remove", "failed ones")).Require(ExitCode.Fine).Out, StringComparison.Ordinal);
        Assert.Contains("No search is kept as \"failed ones\"", (await RunAsync("view", "open", "failed ones")).Require(ExitCode.Failed).Error, StringComparison.Ordinal);
        Assert.Contains("There is no key \"stat\"", (await RunAsync("view", "save", "x", "stat:x")).Require(ExitCode.WrongUse).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task all_that_is_found_is_written_as_a_table_a_document_or_lines()
    {
        var count = (await RunAsync("search", "tool:read_file", "--limit", "1000", "-o", "ndjson")).Require(ExitCode.Fine).OutLines.Length;
        var rows = (await RunAsync("search", "tool:read_file", "--csv")).Require(ExitCode.Fine).OutLines;
        Assert.StartsWith("position,at,first_at,", rows[0], StringComparison.Ordinal);
        Assert.Equal(count, rows.Length - 1);
        Assert.Equal(count, (await RunAsync("search", "tool:read_file", "--ndjson")).Require(ExitCode.Fine).OutLines.Length);
        var all = Json(await RunAsync("search", "tool:read_file", "--json"));
        Assert.Equal((count, true), (all.GetProperty("count").GetInt32(), all.GetProperty("complete").GetBoolean()));
        Assert.Contains("not several", (await RunAsync("search", "x", "--csv", "--json")).Require(ExitCode.WrongUse).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task a_case_that_cannot_be_is_a_sentence()
    {
        Assert.Contains("no case \"none\"", (await RunAsync("case", "show", "none")).Require(ExitCode.Failed).Error, StringComparison.Ordinal);
        Assert.Contains("Either SESSION and CALL", (await RunAsync("case", "pin", "none", "session")).Require(ExitCode.WrongUse).Error, StringComparison.Ordinal);
        Assert.Contains("--to", (await RunAsync("case", "export", "none", "--to", demo.Data)).Require(ExitCode.WrongUse).Error, StringComparison.Ordinal);
    }

    private Task<CommandResult> RunAsync(params string[] args) => InProcess.RunAsync([.. args, "--data", demo.Data]);

    private static JsonElement Json(CommandResult result) => JsonDocument.Parse(result.Require(ExitCode.Fine).Out).RootElement;
}
