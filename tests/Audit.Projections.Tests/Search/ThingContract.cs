using System.Text.Json;

namespace Audit.Projections.Tests.Search;

/// <summary>What inputs name is found by its name, by what was done with it and by patterns, on both stores alike.</summary>
public abstract class ThingContract : ReadSideContract
{
    [ContractFact]
    public async Task a_thing_is_found_by_its_name_by_what_was_done_with_it_and_by_patterns()
    {
        await RecordAsync(
            new Say("s", "read", Say.Asked, 1) { Input = Sql("SELECT * FROM customers") },
            new Say("s", "write", Say.Asked, 2) { Tool = "sql.execute", Input = Sql("UPDATE Customers SET a = 1") },
            new Say("s", "both", Say.Asked, 3) { Tool = "sql.execute", Input = Sql("INSERT INTO log SELECT * FROM customers") },
            new Say("s", "other", Say.Asked, 4) { Input = Sql("SELECT 'customers' FROM orders") },
            new Say("s", "file", Say.Asked, 5) { Tool = "read_file", Input = """{"path":"/etc/50%_\"a b\"\\x"}""" },
            new Say("s", "page", Say.Asked, 6) { Tool = "http.post", Input = """{"url":"https://api.example.com/v1/x?key=1"}""" },
            new Say("s", "name", Say.Asked, 7) { Tool = "write_file", Input = """{"path":"données/客户.csv"}""" },
            new Say("s", "long", Say.Asked, 8) { Tool = "read_file", Input = $$"""{"path":"/{{new string('a', 159)}}"}""" });
        var side = await OpenAsync();

        foreach (var (query, calls) in new[]
        {
            ("thing:table:customers", "both write read"), ("reads:table:customers", "both read"), ("writes:table:customers", "write"),
            ("writes:table:log", "both"), ("thing:table:*", "other both write read"), ("thing:table:cust*", "both write read"),
            ("thing:table:customers,table:orders", "other both write read"), ("-thing:table:*", "long name page file"),
            ("thing:\"table:customers\" -writes:table:*", "read"), ("thing:customers", ""), ("thing:table:custom", ""),
            ("thing:\"file:/etc/50%_\\\"a b\\\"\\\\x\"", "file"), ("thing:file:/etc/*", "file"), ("thing:*50%_*", "file"),
            ("thing:url:https://api.example.com/v1/x", "page"), ("writes:host:api.example.com", "page"),
            ("thing:\"file:données/客户.csv\"", "name"), ("writes:file:donn*", "name"), ("thing:file:/aaa*", "long"),
            ("thing:table:customers before:2026-11-20T14:01:30Z", "read"),
        })
        {
            Assert.Equal(calls.Split(' ', StringSplitOptions.RemoveEmptyEntries), await FindAsync(side, query));
        }
    }

    [ContractFact]
    public async Task names_of_things_are_listed_by_their_beginning_in_one_order()
    {
        foreach (var (index, table) in new[] { "b", "a_b", "ab", "a.b", "a-b", "é", "客户", "zz" }.Index())
        {
            await RecordAsync(new Say("s", $"c{index}", Say.Asked, index) { Tool = "db", Input = JsonSerializer.Serialize(new { table }) });
        }

        await RecordAsync(new Say("s", "file", Say.Asked, 20) { Tool = "read", Input = """{"path":"a"}""" });
        var side = await OpenAsync();
        await SearchedAsync(side);

        var all = await side.Search.NamesAsync(SearchKey.Thing, "table:", None);
        Assert.Equal(all.Order(StringComparer.Ordinal), all);
        Assert.Equal(8, all.Count);
        Assert.Equal(["table:a-b", "table:a.b", "table:a_b", "table:ab"], await side.Search.NamesAsync(SearchKey.Thing, "table:a", None));
        Assert.Equal(["file:a"], await side.Search.NamesAsync(SearchKey.Thing, "f", None));
        Assert.Equal(["file:a"], await side.Search.NamesAsync(SearchKey.Reads, "", None).ContinueWith(names => names.Result.Where(name => name.StartsWith("file", StringComparison.Ordinal))));
        Assert.Empty(await side.Search.NamesAsync(SearchKey.Thing, "table:%", None));
    }

    [ContractFact]
    public async Task what_ran_in_the_place_of_what_was_asked_names_things_too_and_a_rebuild_knows_the_same()
    {
        await RecordAsync(
            new Say("s", "changed", Say.Asked, 1) { Input = Sql("SELECT * FROM drafts") },
            new Say("s", "changed", Say.Done(), 2) { Input = Sql("SELECT * FROM salaries") },
            new Say("s", "later", Say.Done(), 3) { Input = "null" },
            new Say("s", "later", new Outcome.PersistenceFailed(null, "disk"), 4) { Input = Sql("DELETE FROM salaries") });
        var side = await OpenAsync();
        Assert.Equal(["later", "changed"], await FindAsync(side, "thing:table:salaries"));
        Assert.Equal(["later"], await FindAsync(side, "writes:table:salaries"));
        Assert.Equal(["changed"], await FindAsync(side, "reads:table:drafts"));

        await side.Search.RebuildAsync(null, None);
        Assert.Equal(["later", "changed"], await FindAsync(side, "thing:table:salaries"));
        Assert.Equal(["table:drafts", "table:salaries"], await side.Search.NamesAsync(SearchKey.Thing, "table:", None));
    }

    [ContractFact]
    public async Task of_a_stretch_is_found_what_events_in_it_say_however_it_is_cut()
    {
        var random = new Random(19);
        for (var minute = 0; minute < 36; minute++)
        {
            var (call, isEnd) = ($"c{random.Next(18)}", random.Next(3) == 0);
            await RecordAsync(new Say("s", call, isEnd ? Say.Done() : random.Next(9) == 0 ? new Outcome.Blocked("no") : Say.Asked, minute)
            {
                Input = Sql($"SELECT * FROM t{random.Next(4)}"), Task = random.Next(4) == 0 ? "t" : null, Agent = "a",
            });
        }

        var side = await OpenAsync();
        await SearchedAsync(side);
        var last = await Journal.LastPositionAsync(None);
        foreach (var text in new[] { "", "thing:table:t1", "is:violation", "is:violation OR thing:table:t2", "select -thing:table:t3", "\"from t2\"", "tool:sql.*", "is:open,outside-window" })
        {
            var query = SearchQuery.Parse(text, Say.Start.AddHours(1));
            var ones = new List<(long Position, string Call)>();
            for (var at = 0L; at < last; at++)
            {
                ones.AddRange((await side.Search.FindBetweenAsync(query, at, at + 1, None)).Select(hit => (hit.Position, hit.CallId!)));
            }

            var all = await side.Search.SearchAsync(query, All, ReadScope.All, None);
            Assert.Equal(all.Items.Select(hit => hit.CallId).Order(), ones.Select(one => one.Call).Distinct().Order());
            foreach (var (after, through) in new[] { (0L, last), (5, 25), (17, 18), (20, last), (last, last) })
            {
                var found = await side.Search.FindBetweenAsync(query, after, through, None);
                Assert.Equal(
                    ones.Where(one => one.Position > after && one.Position <= through).GroupBy(one => one.Call).Select(call => call.Max(one => one.Position)).Order(),
                    found.Select(hit => hit.Position));
            }
        }
    }

    private static string Sql(string sql) => JsonSerializer.Serialize(new { sql });

    private async Task<string[]> FindAsync(ReadSide side, string query)
    {
        await SearchedAsync(side);
        var found = await side.Search.SearchAsync(SearchQuery.Parse(query, Say.Start.AddHours(1)), All, ReadScope.All, None);
        return [.. found.Items.Select(hit => hit.CallId!)];
    }

    private async Task SearchedAsync(ReadSide side)
    {
        await CaughtUpAsync(side);
        await side.Search.WaitForAsync(await Journal.LastPositionAsync(None), None).WaitAsync(TimeSpan.FromMinutes(1));
    }
}

public sealed class SqliteThingTests : ThingContract
{
    private readonly TemporaryDirectory directory = new();

    protected override Task<string> PrepareAsync() => Task.FromResult("sqlite:" + directory.File("journal.db"));

    protected override Task RemoveAsync()
    {
        directory.Dispose();
        return Task.CompletedTask;
    }
}

[NeedsPostgres]
public sealed class PostgresThingTests : ThingContract
{
    private PostgresDatabase? database;

    protected override async Task<string> PrepareAsync()
    {
        database = await PostgresServer.CreateDatabaseAsync();
        return "postgres:" + database.ConnectionString;
    }

    protected override async Task RemoveAsync() => await database!.DisposeAsync();
}

/// <summary>What a search asks of its index when what lies before a position is not asked for.</summary>
public sealed class SearchFloorTests
{
    [Fact]
    public async Task a_search_of_what_is_new_asks_for_nothing_before_it()
    {
        var reader = new NotingReader();
        var plan = new SearchPlan(ReadScope.All);
        plan.Marks.Add((false, CallMarks.OfFlag("violation")));
        var ground = new SearchGround(reader, null!, null!, null!, default) { Alternatives = 1, Floor = 1_000_001 };
        var run = new SearchRun([plan], ground, 1_002_001, 1_002_000);
        Assert.Empty(await run.TakeAsync(int.MaxValue, TimeSpan.MaxValue, TimeProvider.System));
        Assert.Equal((1, 1_000_001L), (reader.Asked, reader.From));
    }

    private sealed class NotingReader : IIndexReader
    {
        public int Asked { get; private set; }

        public long From { get; private set; } = long.MaxValue;

        public Task<List<Candidate>> NewestAsync(
            IReadSession session, IReadOnlyList<IndexClause> clauses, long from, long before, int limit, CancellationToken cancellation)
        {
            (Asked, From) = (Asked + 1, Math.Min(From, from));
            return Task.FromResult(new List<Candidate>());
        }

        public Task<List<Candidate>> AmongAsync(
            IReadSession session, IReadOnlyList<IndexClause> clauses, IReadOnlyList<Candidate> events, CancellationToken cancellation) =>
            throw new InvalidOperationException("Nothing was found that could be asked about.");

        public Task<List<Candidate>> OfCallsAsync(
            IReadSession session, IEnumerable<long> calls, long from, long before, CancellationToken cancellation) =>
            throw new InvalidOperationException("No call of the whole book is looked up.");

        public Task RestAsync(IReadStore store, CancellationToken cancellation) => Task.CompletedTask;
    }
}
