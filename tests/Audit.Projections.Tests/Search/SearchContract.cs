namespace Audit.Projections.Tests.Search;

/// <summary>The investigation search: the same query has the same hits on both stores.</summary>
public abstract class SearchContract : ReadSideContract
{
    private static readonly string VeryLong = new('x', 5_000);

    /// <summary>Asks a search that has everything.</summary>
    private async Task<SearchAnswer> AskAsync(ReadSide side, string query, PageRequest? page = null)
    {
        await CaughtUpAsync(side);
        await side.Search.WaitForAsync(await Journal.LastPositionAsync(None), None).WaitAsync(TimeSpan.FromMinutes(1));
        return await side.Search.SearchAsync(SearchQuery.Parse(query, Say.Start.AddHours(1)), page ?? All, ReadScope.All, None);
    }

    private async Task<string[]> FindAsync(ReadSide side, string query) =>
        [.. (await AskAsync(side, query)).Items.Select(hit => hit.CallId ?? $"note {hit.Message}")];

    private static Say Asks(string call, string input, double minute) => new("s", call, Say.Asked, minute) { Input = input };

    private static string Sql(string sql) => System.Text.Json.JsonSerializer.Serialize(new { sql });

    [ContractFact]
    public async Task commands_paths_and_names_are_found_by_their_parts_and_as_a_phrase()
    {
        await RecordAsync(
            Asks("alter", Sql("ALTER TABLE customers ADD customer_id int"), 1),
            Asks("other", Sql("SELECT table, alter FROM orders -- no customers"), 2),
            Asks("path", """{"path":"/etc/passwd","fileMode":"readOnly"}""", 3));
        var side = await OpenAsync();

        Assert.Equal(["other", "alter"], await FindAsync(side, "customers"));
        Assert.Equal(["alter"], await FindAsync(side, "\"alter table Customers\""));
        Assert.Equal(["alter"], await FindAsync(side, "customer_id"));
        Assert.Equal(["path"], await FindAsync(side, "/etc/passwd"));
        Assert.Equal(["path"], await FindAsync(side, "passwd"));
        Assert.Equal(["path"], await FindAsync(side, "etc.passwd"));
        Assert.Equal(["path"], await FindAsync(side, "filemode"));
        Assert.Equal(["path"], await FindAsync(side, "fileMode"));
        Assert.Equal(["path"], await FindAsync(side, "file only"));
        Assert.Equal(["path", "other", "alter"], await FindAsync(side, "sql.query"));
        Assert.Equal(["path"], await FindAsync(side, "-customers"));
        Assert.Equal(["other"], await FindAsync(side, "customers -\"alter table\""));
        Assert.Empty(await FindAsync(side, "\"passwd etc\""));
    }

    [ContractFact]
    public async Task a_phrase_stands_in_one_text_and_not_across_two()
    {
        await RecordAsync(Asks("c", """{"one":"drop the","two":"table now"}""", 1));
        var side = await OpenAsync();

        Assert.Empty(await FindAsync(side, "\"the table\""));
        Assert.Empty(await FindAsync(side, "\"the two\""));
        Assert.Equal(["c"], await FindAsync(side, "-\"the two\""));
        Assert.Equal(["c"], await FindAsync(side, "\"drop the\" \"table now\""));
    }

    [ContractFact]
    public async Task every_script_is_found_and_no_sign_of_a_query_language_does_harm()
    {
        await RecordAsync(
            Asks("greek", Sql("Ο Οδυσσεύς γύρισε"), 1),
            Asks("russian", Sql("Удалить ТАБЛИЦУ клиентов"), 2),
            Asks("chinese", Sql("删除客户表"), 3),
            Asks("hindi", Sql("हिन्दी में लिखा"), 4),
            Asks("marked", Sql("re\u0301sume\u0301 naïve"), 5),
            Asks("emoji", Sql("done😀deal 𝒳 🎉"), 6),
            Asks("digits", Sql("id=0042 amount=13.37 ٣٤"), 7),
            Asks("long", Sql(VeryLong + " tail"), 8),
            Asks("signs", Sql("a\"b'c*(d NEAR e):f&g|h!i\\j AND OR NOT <-> %_"), 9));
        var side = await OpenAsync();

        Assert.Equal(["greek"], await FindAsync(side, "ΟΔΥΣΣΕΎΣ"));
        Assert.Equal(["russian"], await FindAsync(side, "\"таблицу КЛИЕНТОВ\""));
        Assert.Equal(["chinese"], await FindAsync(side, "客户"));
        Assert.Empty(await FindAsync(side, "户客"));
        Assert.Equal(["hindi"], await FindAsync(side, "हिन्दी"));
        Assert.Equal(["marked"], await FindAsync(side, "RE\u0301SUME\u0301"));
        Assert.Equal(["marked"], await FindAsync(side, "NAÏVE"));
        Assert.Empty(await FindAsync(side, "resume"));
        Assert.Equal(["emoji"], await FindAsync(side, "done deal"));
        Assert.Equal(["digits"], await FindAsync(side, "13.37"));
        Assert.Equal(["digits"], await FindAsync(side, "0042 ٣٤"));
        Assert.Equal(["long"], await FindAsync(side, VeryLong[..1_000] + " tail"));
        foreach (var query in new[]
        {
            "a\"b", "b'c", "c*(d", "\"d NEAR e\"", "NEAR", "\"e):f\"", "f&g", "g|h", "h!i", "i\\j", "\"i\\\\j\"", "\"AND\"", "\"NOT\" \"OR\"",
            "near(e", "d*", "'a'", "\"and or not\"", "<->NOT", "\"a\\\"b\"",
        })
        {
            Assert.Equal(["signs"], await FindAsync(side, query));
        }
    }

    [ContractFact]
    public async Task keys_narrow_by_what_the_call_is_and_by_globs()
    {
        await RecordAsync(
            new Say("s-1", "one", Say.Asked, 1) { Tool = "sql.query", Task = "t-1", Agent = "copilot", Parent = "two", Token = "ci-7" },
            new Say("s-1", "one", Say.Done(), 2) { Tool = "", Token = "ci-8" },
            new Say("s-2", "two", new Outcome.Blocked("too risky") { By = "alice" }, 3) { Tool = "sql.write", Agent = "claude" },
            new Say("s-2", "three", Say.Done(), 4) { Tool = "file*read" });
        var side = await OpenAsync();

        Assert.Equal(["two", "one"], await FindAsync(side, "tool:sql.*"));
        Assert.Equal(["two"], await FindAsync(side, "tool:sql.w?ite"));
        Assert.Equal(["three"], await FindAsync(side, "-tool:sql.*"));
        Assert.Equal(["three"], await FindAsync(side, "tool:\"file*read\""));
        Assert.Equal(["three", "two"], await FindAsync(side, "tool:nothing,file*,sql.write"));
        Assert.Empty(await FindAsync(side, "tool:nothing*"));
        Assert.Equal(["three", "two", "one"], await FindAsync(side, "-tool:nothing*"));
        Assert.Equal(["three", "two"], await FindAsync(side, "session:s-2"));
        Assert.Equal(["one"], await FindAsync(side, "task:t-1 outcome:completed agent:copilot"));
        Assert.Equal(["one"], await FindAsync(side, "outcome:completed parent:two"));
        Assert.Empty(await FindAsync(side, "parent:one"));
        Assert.Equal(["one"], await FindAsync(side, "token:ci-8"));
        Assert.Equal(["two"], await FindAsync(side, "by:alice risky"));
        Assert.Equal(["three", "two", "one"], await FindAsync(side, "provider:anthropic model:cl*"));
        Assert.Equal(["two"], await FindAsync(side, "outcome:blocked,requires_confirmation -session:s-1"));
        Assert.Equal(["claude", "copilot"], await side.Search.NamesAsync(SearchKey.Agent, "c", None));
        Assert.Equal(["awaiting_confirmation", "approved"], await side.Search.NamesAsync(SearchKey.State, "a", None));
    }

    [ContractFact]
    public async Task states_and_flags_are_those_of_the_call_now()
    {
        await RecordAsync(
            new Say("s", "open", Say.Asked, 1),
            new Say("s", "done", Say.Asked, 2),
            new Say("s", "done", Say.Done(), 3),
            new Say("s", "wrong", Say.Done(), 4),
            new Say("s", "wrong", Say.Done(), 5));
        var side = await OpenAsync();

        Assert.Equal(["open"], await FindAsync(side, "state:awaiting_confirmation select"));
        Assert.Equal(["open"], await FindAsync(side, "is:open"));
        Assert.Equal(["wrong", "done"], await FindAsync(side, "state:completed"));
        Assert.Equal(["wrong"], await FindAsync(side, "is:violation state:completed"));
        Assert.Equal(["done", "open"], await FindAsync(side, "-is:violation"));
        Assert.Equal(["wrong", "done"], await FindAsync(side, "-is:open select"));

        // What was a second completion is another attempt once it is reported that the first could not be kept.
        await RecordAsync(new Say("s", "wrong", new Outcome.PersistenceFailed(null, "disk"), 4.5), new Say("s", "open", Say.Done(), 6));
        Assert.Empty(await FindAsync(side, "is:violation"));
        Assert.Equal(["open", "wrong", "done"], await FindAsync(side, "state:completed"));
        Assert.Empty(await FindAsync(side, "is:open"));
    }

    [ContractFact]
    public async Task what_a_policy_would_have_decided_is_found_and_by_which_rule()
    {
        await RecordAsync(
            new Say("s", "observed", new Outcome.Requested(), 1) { Policy = new PolicyMark("9f2c", Would: "reject", WouldRule: "no drops") },
            new Say("s", "observed", Say.Done(), 2),
            Asks("ruled", Sql("ALTER TABLE a"), 3) with { Policy = new PolicyMark("9f2c", "schema", "ask", "trial") },
            Asks("plain", Sql("SELECT 1"), 4), new Say("s", "ruled", Say.Done(), 5));
        var side = await OpenAsync();

        // A bound reader, whose patterns no list of names answers, finds the same.
        var bound = new ReadScope([], [], ["ci"]);
        foreach (var (query, calls) in new[]
        {
            ("would:reject", "observed"), ("would:ask,reject", "ruled observed"), ("would:approve-once", ""), ("-would:ask,reject", "plain"),
            ("would:reject outcome:completed", "observed"), ("would:ask OR would:reject", "ruled observed"),
            ("rule:schema", "ruled"), ("rule:tri*", "ruled"), ("rule:\"no drops\"", "observed"), ("-rule:*", "plain"),
            ("rule:\"no drops\" outcome:completed", "observed"), ("rule:no* outcome:completed", "observed"),
            ("rule:tri* outcome:completed", "ruled"), ("-rule:no* outcome:completed", "ruled"), ("-rule:sch* outcome:completed", "observed"),
        })
        {
            var expected = calls.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal(expected, await FindAsync(side, query));
            Assert.Equal(
                expected, (await side.Search.SearchAsync(side.Search.Parse(query), All, bound, None)).Items.Select(hit => hit.CallId));
        }

        Assert.Equal(["schema", "trial"], (await side.Search.NamesAsync(SearchKey.Rule, "", None)).Where(name => name[0] > 'r'));
        Assert.Equal(["ask"], await side.Search.NamesAsync(SearchKey.Would, "as", None));
        Assert.Contains("did you mean approve-once?", Assert.Throws<SearchQueryException>(() => side.Search.Parse("would:approve")).Message, StringComparison.Ordinal);
    }

    [ContractFact]
    public async Task one_of_several_holds_and_what_belongs_together_stands_in_parentheses()
    {
        await RecordAsync(
            Say.Window("w-7", WindowVerb.Grant, "alice", 1, opens: 1, closes: 20),
            new Say("s", "failed", new Outcome.Completed(new ToolResult(false, "no such table")), 2) { Tool = "sql.query" },
            new Say("s", "worked", Say.Done(), 3) { Tool = "sql.write", Input = Sql("DELETE FROM customers") },
            new Say("s", "refused", new Outcome.Blocked("against the rules") { By = "maria" }, 4) { Tool = "shell.run", Token = "ci-8" },
            new Say("s", "scope", Say.Done(), 5) { Task = "migrate-orders", Agent = "copilot", Tool = "shell.run" });
        var side = await OpenAsync();

        Assert.Equal(["failed"], await FindAsync(side, "is:failed"));
        Assert.Equal(["failed"], await FindAsync(side, "success:false"));
        Assert.Equal(["scope", "worked"], await FindAsync(side, "success:true"));
        Assert.Equal(["refused"], await FindAsync(side, "-success:true,false"));
        Assert.Equal(["scope"], await FindAsync(side, "is:out-of-scope"));
        Assert.Equal(["scope", "failed"], await FindAsync(side, "is:failed OR is:out-of-scope"));
        Assert.Equal(["refused"], await FindAsync(side, "user:maria"));
        Assert.Equal(["refused"], await FindAsync(side, "user:ci-8,nobody"));
        Assert.Equal(["refused"], await FindAsync(side, "user:mar*"));
        Assert.Equal(["refused", "worked"], await FindAsync(side, "customers OR state:blocked"));
        Assert.Equal(["refused", "failed"], await FindAsync(side, "is:failed OR (\"against the rules\" user:maria)"));
        Assert.Equal(["failed"], await FindAsync(side, "tool:sql.* (is:failed OR state:blocked)"));
        Assert.Equal(["worked"], await FindAsync(side, "tool:sql.* -(is:failed OR state:blocked)"));
        Assert.Equal(["scope", "refused", "worked"], await FindAsync(side, "-(tool:sql.* is:failed)"));
        Assert.Equal("DELETE FROM customers", Assert.Single((await AskAsync(side, "\"delete from\" OR is:changed")).Items).Excerpt!.Text);
    }

    [ContractFact]
    public async Task what_was_done_in_a_window_and_outside_of_one_is_found()
    {
        await RecordAsync(
            Say.Window("w-7", WindowVerb.Grant, "alice", 10, opens: 10, closes: 20),
            new Say("s", "before", Say.Done(), 5) { Task = "migrate-orders", Agent = "copilot" },
            new Say("s", "within", Say.Done(), 15) { Task = "migrate-orders", Agent = "copilot" },
            new Say("s", "scope", Say.Done(), 16) { Task = "migrate-orders", Agent = "copilot", Tool = "shell.run" },
            new Say("s", "stranger", Say.Done(), 17) { Agent = "claude" },
            Say.Window("w-8", WindowVerb.Request, "bob", 18, closes: 60));
        var side = await OpenAsync();

        Assert.Equal(["scope", "within"], await FindAsync(side, "window:w-7"));
        Assert.Equal(["stranger", "before"], await FindAsync(side, "-window:w-7"));
        Assert.Equal(["stranger", "scope", "within"], await FindAsync(side, "during:w-7"));
        Assert.Equal(["before"], await FindAsync(side, "is:outside-window"));
        Assert.Equal(["stranger", "within"], await FindAsync(side, "during:w-7 tool:sql.*"));
        Assert.Empty(await FindAsync(side, "during:w-8"));
        var unknown = await Assert.ThrowsAsync<SearchQueryException>(() => FindAsync(side, "select during:w-9"));
        Assert.Equal((14, 3), (unknown.Offset, unknown.Length));
    }

    [ContractFact]
    public async Task times_are_of_what_happened_and_not_of_what_was_heard()
    {
        var day = Say.Start.UtcDateTime.Date;
        double MinuteOf(DateTime time) => (time - Say.Start.UtcDateTime).TotalMinutes;
        await RecordAsync(
            new Say("s", "yesterday", Say.Done(), MinuteOf(day.AddHours(-1))) { ReceivedMinute = 1 },
            new Say("s", "midnight", Say.Done(), MinuteOf(day)) { ReceivedMinute = 1 },
            new Say("s", "now", Say.Done(), 30),
            new Say("s", "old", Say.Done(), MinuteOf(new DateTime(1999, 12, 31, 23, 59, 0))) { ReceivedMinute = 31 });
        var side = await OpenAsync();

        Assert.Equal(["now", "midnight"], await FindAsync(side, "after:today"));
        Assert.Equal(["old", "yesterday"], await FindAsync(side, "before:today"));
        Assert.Equal(["yesterday"], await FindAsync(side, "during:yesterday"));
        Assert.Equal(["yesterday"], await FindAsync(side, "during:thursday"));
        Assert.Equal(["now"], await FindAsync(side, "during:1h"));
        Assert.Equal(["old", "now", "midnight"], await FindAsync(side, "-during:yesterday"));
        Assert.Equal(["now"], await FindAsync(side, "after:2026-11-20T14:00:00Z before:2026-11-20T14:30:00.1Z"));
        Assert.Equal(["midnight", "yesterday"], await FindAsync(side, "after:2000-01-01 before:2026-11-20T00:00:00.000000001Z"));
        Assert.Equal(["old"], await FindAsync(side, "before:2000-01-01"));
    }

    [ContractFact]
    public async Task a_value_at_a_path_of_the_input_is_found_whole_by_its_words_and_by_globs()
    {
        await RecordAsync(
            Asks("one", """{"path":"/etc/passwd","options":{"mode":"read only","depth":3,"deep":[{"name":"Customers"}]}}""", 1),
            Asks("two", """{"path":"/etc/hosts","note":"/etc/passwd","options":{"mode":"="}}""", 2),
            Asks("three", """{"path":["/tmp/x","/etc/passwd.bak"]}""", 3));
        var side = await OpenAsync();

        Assert.Equal(["three", "one"], await FindAsync(side, "input.path:/etc/passwd"));
        Assert.Equal(["one"], await FindAsync(side, "input.path:\"/etc/passwd\" -input.path:*.bak"));
        Assert.Equal(["three", "two", "one"], await FindAsync(side, "input.path:/etc/*"));
        Assert.Equal(["two", "one"], await FindAsync(side, "input.path:/etc/hosts,*/passwd"));
        Assert.Equal(["one"], await FindAsync(side, "input.options.mode:ONLY"));
        Assert.Equal(["one"], await FindAsync(side, "input.options.depth:3"));
        Assert.Equal(["two"], await FindAsync(side, "input.options.mode:="));
        Assert.Equal(["one"], await FindAsync(side, "input.options:customers"));
        Assert.Equal(["one"], await FindAsync(side, "input.options.deep.name:Cust*"));
        Assert.Empty(await FindAsync(side, "input.mode:only"));
        Assert.Equal(["three", "one"], await FindAsync(side, "-input.note:*"));
    }

    [ContractFact]
    public async Task outputs_reasons_data_and_notes_are_found_and_nonces_are_not()
    {
        await RecordAsync(
            new Say("s", "reported", new Outcome.Completed(new ToolResult(true, "rows: 7 Zanzibar") { Data = System.Text.Json.JsonDocument.Parse("""{"rowCount":"many"}""").RootElement }), 1),
            new Say("s", "failed", new Outcome.PersistenceFailed(null, "disk is full"), 2),
            new Say("s", "refused", new Outcome.Blocked("against the rules") { Feedback = "ask Mallory" }, 3),
            Say.Note("s", "prompt.sent", 4));
        var side = await OpenAsync();

        Assert.Equal(["reported"], await FindAsync(side, "zanzibar"));
        Assert.Equal(["reported"], await FindAsync(side, "rowcount many"));
        Assert.Equal(["failed"], await FindAsync(side, "\"disk is full\""));
        Assert.Equal(["refused"], await FindAsync(side, "mallory rules"));
        Assert.Equal(["note prompt.sent"], await FindAsync(side, "prompt minute"));
        Assert.Equal(["note prompt.sent", "refused", "failed", "reported"], await FindAsync(side, ""));
        Assert.Equal(["refused", "failed", "reported"], await FindAsync(side, "tool:*"));
        foreach (var row in await Journal.ReadAfterAsync(0, 10, long.MaxValue, None))
        {
            using var happened = System.Text.Json.JsonDocument.Parse(row.Message);
            Assert.Empty(await FindAsync(side, $"\"{happened.RootElement.GetProperty("nonce").GetString()}\""));
            Assert.Empty(await FindAsync(side, $"\"{happened.RootElement.GetProperty("dedup").GetString()}\""));
        }
    }

    [ContractFact]
    public async Task a_hit_is_the_call_at_its_newest_matching_event_with_what_matched_marked()
    {
        await RecordAsync(
            Asks("c", Sql("SELECT *\nFROM customers c JOIN orders o ON o.customerId = c.id"), 1),
            new Say("s", "c", Say.Done(), 2) { Task = "t-1", Agent = "copilot", Input = Sql("SELECT 1") });
        var side = await OpenAsync();

        var hit = Assert.Single((await AskAsync(side, "customers \"orders o\" customer_id")).Items);
        Assert.Equal((1, "s", "c", CallState.Completed, "sql.query"), (hit.Position, hit.SessionId, hit.CallId, hit.State!.Value, hit.Tool));
        Assert.Equal((Say.At(1), Say.At(2), Say.At(1)), (hit.FirstAt, hit.LastAt, hit.At));
        Assert.Equal("SELECT * FROM customers c JOIN orders o ON o.customerId = c.id", hit.Excerpt!.Text);
        Assert.Equal(TextPlace.Input, hit.Excerpt.Place);
        Assert.Equal(
            ["customers", "orders o", "customerId"],
            hit.Excerpt.Marks.Select(mark => hit.Excerpt.Text.Substring(mark.Offset, mark.Length)));
        Assert.Equal(2, Assert.Single((await AskAsync(side, "session:s")).Items).Position);
        Assert.Null(Assert.Single((await AskAsync(side, "session:s")).Items).Excerpt);
    }

    [ContractFact]
    public async Task pages_neither_repeat_nor_miss_while_calls_go_on()
    {
        await RecordAsync([.. Enumerable.Range(0, 30).Select(call => (Engine.Submission)Asks($"c{call}", Sql("find me"), call))]);
        await RecordAsync([.. Enumerable.Range(0, 10).Select(call => (Engine.Submission)new Say("s", $"c{call * 2}", Say.Done(), 40 + call) { Input = Sql("find me") })]);
        var side = await OpenAsync();
        foreach (var query in new[] { "find", "\"find me\"", "tool:sql.*" })
        {
            var found = new List<string>();
            string? cursor = null;
            do
            {
                var answer = await AskAsync(side, query, new PageRequest(7, cursor));
                found.AddRange(answer.Items.Select(hit => hit.CallId!));
                cursor = answer.Next;
                Assert.True(answer.Items.Count == 7 || cursor is null);
                await RecordAsync(new Say("s", $"c{found.Count % 30}", Say.Asked, 60) { Input = Sql("find me again") });
            }
            while (cursor is not null);

            Assert.Equal(30, found.Count);
            Assert.Equal(30, found.Distinct().Count());
        }

        await Assert.ThrowsAsync<CursorException>(() => AskAsync(side, "find", new PageRequest(7, "nonsense")));
    }

    [ContractFact]
    public async Task of_several_alternatives_each_page_goes_on_however_slow_the_store_is()
    {
        await RecordAsync([.. Enumerable.Range(0, 12).Select(index => (Submission)Asks(
            $"c{index:00}", Sql(index % 3 == 0 ? "drop table one" : index % 3 == 1 ? "make table two" : "nothing"), index))]);
        await RecordAsync(new Say("s", "refused", new Outcome.Blocked("no"), 20), new Say("s", "refused", Say.Done(), 21));
        var side = await OpenAsync(clock: new HastyClock());
        foreach (var (query, count) in new[]
        {
            ("\"drop table\" OR \"make table\"", 8), ("is:violation OR \"drop table\" OR \"make table\"", 9),
            ("(is:violation state:blocked) OR (is:violation \"select 1\") OR \"make table\"", 5),
        })
        {
            var (found, cursors) = (new List<string>(), new HashSet<string>());
            for (string? cursor = null; ;)
            {
                var answer = await AskAsync(side, query, new PageRequest(3, cursor));
                found.AddRange(answer.Items.Select(hit => hit.CallId!));
                cursor = answer.Next;
                if (cursor is null)
                {
                    break;
                }

                Assert.True(cursors.Add(cursor), $"{query} goes on where it was.");
            }

            Assert.Equal(count, found.Count);
            Assert.Equal(count, found.Distinct().Count());
        }
    }

    [ContractFact]
    public async Task users_are_those_who_decided_and_those_by_whose_token_it_was_reported()
    {
        await RecordAsync(
            new Say("s", "one", new Outcome.Blocked("no") { By = "alice" }, 1),
            new Say("s", "two", Say.Done(), 2) { Token = "adam" });
        var side = await OpenAsync();
        await AskAsync(side, "");

        Assert.Equal(["adam", "alice", "ci-7"], await side.Search.NamesAsync(SearchKey.User, "", None));
        Assert.Equal(["adam", "alice"], await side.Search.NamesAsync(SearchKey.User, "a", None));
    }

    [ContractFact]
    public async Task calls_are_counted_by_tool_and_by_state()
    {
        await RecordAsync(
            new Say("s", "one", Say.Asked, 1),
            new Say("s", "one", Say.Done(), 2),
            new Say("s", "two", Say.Asked, 3),
            new Say("s", "three", Say.Asked, 4) { Tool = "shell.run" },
            Say.Note("s", "idle", 5));
        var side = await OpenAsync();
        await AskAsync(side, "");

        var counts = await side.Search.CountAsync(side.Search.Parse(""), ReadScope.All, None);
        Assert.Equal((3, 1, false), (counts.Calls, counts.Notes, counts.IsCut));
        Assert.Equal([("shell.run", 1), ("sql.query", 2)], counts.ByTool.Select(pair => (pair.Key, pair.Value)).Order());
        Assert.Equal([("awaiting_confirmation", 2), ("completed", 1)], counts.ByState.Select(pair => (pair.Key, pair.Value)).Order());
    }

    /// <summary>By it every step takes an hour.</summary>
    private sealed class HastyClock : TimeProvider
    {
        private long hours;

        public override long GetTimestamp() => System.GetTimestamp() + (Interlocked.Increment(ref hours) * 3600 * TimestampFrequency);
    }
}
