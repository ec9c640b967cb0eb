using FsCheck;
using FsCheck.Fluent;
using Outcome = Audit.Lifecycle.Records.Outcome;

namespace Audit.Projections.Tests.Search;

/// <summary>How the index is fed, and that it finds what a look at every event finds.</summary>
public abstract class SearchFeedContract : ReadSideContract
{
    private static readonly string[] Texts =
    [
        "ALTER TABLE customers", "customers", "select * from customer_id", "customerId = 7", "/etc/passwd", "drop the", "table now",
        "ΟΔΥΣΣΕΥΣ", "οδυσσεύς", "删除客户表", "re\u0301sume\u0301", "a\"b'c*(d:NEAR)&|!\\", "",
    ];

    private static readonly string[] Terms =
    [
        "customers", "customer", "\"alter table\"", "\"table customers\"", "customer_id", "customerid", "customerId", "/etc/passwd", "\"the table\"",
        "οδυσσευσ", "客户", "re\u0301sume\u0301", "\"c*(d\"", "done", "select", "tool:sql.*", "tool:sql.query", "tool:shell.run,nothing", "agent:a",
        "task:t-1", "task:t-?", "session:s0", "session:s*", "token:ci-8", "state:completed", "state:awaiting_confirmation,blocked", "is:violation",
        "is:open", "is:anomaly", "is:outside-window", "is:failed", "is:out-of-scope", "success:true", "success:false,true", "user:alice", "user:ci-8",
        "outcome:completed", "outcome:requested,blocked", "by:alice", "model:claude", "would:reject", "would:reject,ask", "rule:schema", "rule:tri*",
        "input.sql:customers", "input.sql:*customers*", "input.sql:\"alter table\"", "input.x:1", "after:2026-11-20T14:05:00Z",
        "before:2026-11-20T14:05:00Z", "during:friday", "window:w0,w1,w2", "window:w1",
    ];

    private static async Task<SearchIndex> CaughtUpIndexAsync(ReadSide side, long end)
    {
        await side.Search.WaitForAsync(end, None).WaitAsync(TimeSpan.FromMinutes(1));
        return side.Search;
    }

    private async Task<SearchIndex> SearchedAsync(ReadSide side)
    {
        await CaughtUpAsync(side);
        return await CaughtUpIndexAsync(side, await Journal.LastPositionAsync(None));
    }

    private static async Task<List<long>> AllPagesAsync(SearchIndex search, SearchQuery query, int limit, ReadScope? scope = null)
    {
        var found = new List<long>();
        string? cursor = null;
        do
        {
            var answer = await search.SearchAsync(query, new PageRequest(limit, cursor), scope ?? ReadScope.All, None);
            found.AddRange(answer.Items.Select(hit => hit.Position));
            cursor = answer.Next;
        }
        while (cursor is not null);
        return found;
    }

    private static async Task<string[]> DumpAsync(string address)
    {
        await using var store = ReadSide.StoreOf(address, ReadStoreKind.Search);
        return await store.ReadAsync(
            async session =>
            {
                var rows = new List<string>();
                var isSqlite = address.StartsWith("sqlite", StringComparison.Ordinal);
                if (isSqlite)
                {
                    await session.QueryAsync("CREATE VIRTUAL TABLE temp.instances USING fts5vocab(main, words, instance)", [], row => 0, None);
                }

                string[] tables =
                [
                    "SELECT 'doc ' || position || ' ' || call || ' ' || at FROM docs ORDER BY position",
                    "SELECT 'name ' || key || ' ' || name FROM names ORDER BY key, name",
                    "SELECT 'unread ' || position || ' ' || sentence FROM unread ORDER BY position",
                    "SELECT 'offset ' || position || ' ' || digest FROM offsets",
                    isSqlite
                        ? "SELECT 'words ' || doc || ' ' || term || ' ' || col || ' ' || offset FROM temp.instances ORDER BY doc, term, col, offset"
                        : "SELECT 'words ' || position || ' ' || words::text FROM docs ORDER BY position",
                ];
                foreach (var table in tables)
                {
                    rows.AddRange(await session.QueryAsync(table, [], row => row.Text(0), None));
                }

                return rows.ToArray();
            },
            None);
    }

    [ContractFact]
    public async Task the_index_finds_what_a_look_at_every_event_finds()
    {
        var random = new Random(20261121);
        var items = History.Any.Generator.Sample(12, 8).SelectMany(history => history.Items).ToList();
        items.AddRange(Enumerable.Range(0, 250).Select(_ => Any(random)));
        items.AddRange(Enumerable.Range(0, 3).Select(number => Say.Window($"w{number}", WindowVerb.Grant, "carol", number, closes: number + 12, task: "t-1", agent: "a", scope: "sql.*")));
        foreach (var chunk in items.Chunk(7))
        {
            await Engine.SubmitAsync(chunk, None);
        }

        var side = await OpenAsync(limits: new FeedLimits { Rows = 40, Patience = TimeSpan.FromMilliseconds(200) });
        var search = await SearchedAsync(side);
        var naive = await NaiveSearch.OfAsync(Journal, side.Models);
        var bound = new ReadScope(["a"], [], []);
        var visible = naive.EventsOf(bound).ToHashSet();
        for (var round = 0; round < Terms.Length + 50; round++)
        {
            var query = SearchQuery.Parse(round < Terms.Length ? Terms[round] : Tree(random, 3), Say.Start.AddHours(1));
            var expected = naive.Find(query);

            Assert.True(expected.SequenceEqual(await AllPagesAsync(search, query, random.Next(4, 60))), $"{query} is to find {string.Join(", ", expected)}");

            // What is bound stays so, whatever is put beside it. (A pattern of names is answered from the call as it is now.)
            if (query.Terms.Any(term => term is SearchTerm.Keyed { Key.Key: SearchKey.Window }))
            {
                continue;
            }

            var own = naive.Find(query, bound);
            var found = await AllPagesAsync(search, query, 100, bound);
            Assert.Subset(visible, found.ToHashSet());
            Assert.True(query.Terms.OfType<SearchTerm.Keyed>().Any(term => term.Values.Any(value => value.IsGlob)) || own.SequenceEqual(found), $"{query} is to find {string.Join(", ", own)} of it");
        }
    }

    /// <summary>Terms as people put them together, with what can be written out in as many alternatives as are taken.</summary>
    private static string Tree(Random random, int depth)
    {
        while (true)
        {
            try
            {
                return SearchQuery.Parse(Part(depth), Say.Start.AddHours(1)).ToString();
            }
            catch (SearchQueryException many) when (many.Message.Contains("alternatives", StringComparison.Ordinal))
            {
                // Another one.
            }
        }

        string Part(int left) => random.Next(left + 1) == 0
            ? (random.Next(4) == 0 ? "-" : "") + Terms[random.Next(Terms.Length)]
            : (random.Next(5) == 0 ? "-(" : "(")
                + string.Join(random.Next(2) == 0 ? " OR " : " ", Enumerable.Range(0, random.Next(1, 4)).Select(_ => Part(left - 1))) + ")";
    }

    [ContractFact]
    public async Task a_restart_goes_on_where_it_was_and_a_rebuild_comes_to_the_same_rows()
    {
        var side = await OpenAsync(limits: new FeedLimits { Rows = 3 });
        await RecordAsync([.. Enumerable.Range(0, 20).Select(call => (Submission)new Say("s", $"c{call % 7}", Say.Asked, call) { Agent = call < 7 ? "first" : null })]);
        await SearchedAsync(side);
        await CloseAsync(side);
        await RecordAsync([.. Enumerable.Range(0, 20).Select(call => (Submission)new Say("s", $"c{call % 9}", Say.Done(), 30 + call))]);
        await AppendAsync("call|ci|s|poison", 1, "call.transitioned.v3", """{"v":3}""");
        side = await OpenAsync(limits: new FeedLimits { Rows = 5, PageRows = 2 });
        var end = await Journal.LastPositionAsync(None);
        await CaughtUpIndexAsync(side, end);
        var live = await DumpAsync(Address);
        var reports = new List<RebuildProgress>();
        await side.Search.RebuildAsync(new Reports(reports), None);

        Assert.Equal(live, await DumpAsync(Address));
        Assert.Equal(40, live.Count(row => row.StartsWith("doc ", StringComparison.Ordinal)));
        Assert.Equal(new RebuildProgress(end, end), reports[^1]);
        var found = await AllPagesAsync(side.Search, SearchQuery.Parse("agent:first outcome:completed", Say.Start), 3);
        Assert.Equal(7, found.Count);

        await RecordAsync(new Say("s", "more", Say.Asked, 99));
        await CaughtUpIndexAsync(side, await Journal.LastPositionAsync(None));
        Assert.Equal(10, (await AllPagesAsync(side.Search, SearchQuery.Parse("select", Say.Start), 4)).Count);
    }

    [ContractFact]
    public async Task an_event_that_cannot_be_read_is_noted_and_holds_nothing_up()
    {
        await AppendAsync("call|ci|s|one", 1, "call.transitioned.v3", """{"v":3}""");
        await AppendAsync("call|ci|s|two", 1, "call.transitioned.v2", """{"v":1,"received_at":"2026-11-20T14:00:00Z","record":"none"}""");
        await AppendAsync("operator|2026-11-20", 1, "operator.acted.v2", """{"v":1,"received_at":"2026-11-20T14:00:00Z","act":"unfindable"}""");
        await RecordAsync(new Say("s", "three", Say.Asked, 1));
        var side = await OpenAsync();
        await CaughtUpIndexAsync(side, 4);

        Assert.Equal((ProjectionState.Projecting, 4, 2, 2), (side.Search.Status.State, side.Search.Status.Position, side.Search.Status.Unread, side.Search.Status.LastUnread));
        Assert.NotNull(side.Search.Status.LastUnreadSentence);
        var answer = await side.Search.SearchAsync(side.Search.Parse(""), All, ReadScope.All, None);
        var hit = Assert.Single(answer.Items);
        Assert.Equal(("three", CallState.AwaitingConfirmation, null), (hit.CallId, hit.State, hit.Call));
    }

    [ContractFact]
    public async Task a_search_says_how_far_it_is()
    {
        await using var half = new JournalUpTo(Journal, 2);
        await RecordAsync([.. Enumerable.Range(0, 5).Select(call => (Submission)new Say("s", $"c{call}", Say.Asked, call))]);
        var side = await OpenAsync(half);
        await CaughtUpIndexAsync(side, 2);
        await CloseAsync(side);
        await using var behind = new LaggingJournal(Journal, 2);
        side = await OpenAsync(behind);
        var answer = await side.Search.SearchAsync(side.Search.Parse("select"), All, ReadScope.All, None);

        Assert.Equal((2, 5, 2), (answer.IndexedTo, answer.JournalEnd, answer.Items.Count));
    }

    [ContractFact]
    public async Task a_journal_that_went_back_halts_the_index_until_it_is_rebuilt()
    {
        await RecordAsync(new Say("s", "one", Say.Asked, 1), new Say("s", "two", Say.Asked, 2));
        var side = await OpenAsync();
        await SearchedAsync(side);
        await CloseAsync(side);
        await using var restored = new JournalUpTo(Journal, 1);
        side = await OpenAsync(restored);
        await UntilAsync(() => side.Search.Status.State == ProjectionState.Halted);
        Assert.StartsWith("journal went back", side.Search.Status.Sentence, StringComparison.Ordinal);

        await side.Search.RebuildAsync(null, None);
        await UntilAsync(() => side.Search.Status.State == ProjectionState.Projecting);
        Assert.Equal([1L], await AllPagesAsync(side.Search, side.Search.Parse("select"), 5));
    }

    [ContractFact]
    public async Task an_index_that_was_emptied_or_is_of_another_version_is_made_anew()
    {
        await RecordAsync(new Say("s", "one", Say.Asked, 1), new Say("s", "two", Say.Asked, 2));
        foreach (var sabotage in new[] { "DELETE FROM version", "UPDATE version SET version = 999" })
        {
            var side = await OpenAsync();
            await SearchedAsync(side);
            await CloseAsync(side);
            await using (var store = ReadSide.StoreOf(Address, ReadStoreKind.Search))
            {
                await store.ExecuteAsync("DELETE FROM docs", [], None);
                await store.ExecuteAsync(sabotage, [], None);
            }
        }

        Assert.Equal([2L, 1L], await AllPagesAsync(await SearchedAsync(await OpenAsync()), SearchQuery.Parse("select", Say.Start), 5));
    }

    [ContractFact]
    public async Task a_document_that_says_a_word_very_often_or_very_much_is_found_as_any_other()
    {
        var often = string.Join(' ', Enumerable.Repeat("again and", 400)) + " finally customers";
        var much = string.Join(' ', Enumerable.Range(0, 12_000).Select(number => $"w{number}"));
        await RecordAsync(
            new Say("s", "often", Say.Asked, 1) { Input = $$"""{"sql":"{{often}}"}""" },
            new Say("s", "much", Say.Asked, 2) { Input = $$"""{"sql":"{{much}}"}""" });
        var search = await SearchedAsync(await OpenAsync());
        async Task<List<long>> Find(string query) => await AllPagesAsync(search, SearchQuery.Parse(query, Say.Start), 5);

        Assert.Equal([1L], await Find("\"again and finally customers\""));
        Assert.Equal([1L], await Find("\"and again\""));
        Assert.Empty(await Find("\"finally again\""));
        Assert.Equal([2L], await Find("\"w9000 w9001\""));
        Assert.Empty(await Find("w11999"));
    }

    /// <summary>A message whose texts are of a few that look alike.</summary>
    private static Submission Any(Random random)
    {
        string Text() => Texts[random.Next(Texts.Length)];
        Outcome outcome = random.Next(6) switch
        {
            0 => new Outcome.Requested(),
            1 => Say.Asked,
            2 => new Outcome.Blocked(Text()) { By = "alice" },
            3 => new Outcome.Cancelled(Text()),
            _ => new Outcome.Completed(new ToolResult(random.Next(3) > 0, Text())),
        };
        return new Say($"s{random.Next(3)}", $"c{random.Next(60)}", outcome, random.Next(12))
        {
            ReceivedMinute = random.Next(12, 16),
            Input = System.Text.Json.JsonSerializer.Serialize(new { sql = Text(), note = Text(), x = random.Next(3) }),
            Tool = random.Next(3) == 0 ? "shell.run" : "sql.query",
            Task = random.Next(2) == 0 ? "t-1" : null,
            Agent = random.Next(2) == 0 ? "a" : null,
            Token = random.Next(5) == 0 ? "ci-8" : "ci-7",
            Policy = random.Next(9) switch
            {
                0 => new PolicyMark("9f2c", Would: "reject", WouldRule: "trial"),
                1 => new PolicyMark("9f2c", "schema", "ask"),
                _ => null,
            },
        };
    }

    private sealed class Reports(List<RebuildProgress> reports) : IProgress<RebuildProgress>
    {
        public void Report(RebuildProgress value) => reports.Add(value);
    }
}
