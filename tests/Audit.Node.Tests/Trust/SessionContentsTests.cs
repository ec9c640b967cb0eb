using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Audit.Node.Tests.Log;
using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Trust;

/// <summary>Who is given a bundle of a session sees by what was sealed of it whether something was kept back.</summary>
public sealed class SessionContentsTests : IAsyncLifetime
{
    private TestNode node = null!;
    private VerifierKey key = null!;
    private long marked;

    private string Bundle => Path.Combine(node.Data, "bundle.zip");

    public async Task InitializeAsync()
    {
        node = await TestNode.StartAsync();
        await RecordAsync("s-1", "c-1", "c-2", "c-3");
        await RecordAsync("s-2", "c-1");
        await EndAsync("s-1");
        marked = await MarkedAsync("s-1");
        key = await new LogClient(node).KeyAsync();
    }

    public async Task DisposeAsync() => await node.DisposeAsync();

    [Fact]
    public async Task a_bundle_of_a_session_says_up_to_where_it_is_complete()
    {
        await FetchAsync("session=s-1");
        var integrity = (await VerifyAsync()).Integrity;
        Assert.Empty(integrity.Faults);
        var session = Assert.Single(integrity.Sessions);
        Assert.Equal(("admin|s-1", true, 4L, 3L, 4L, 0L), (
            session.Session, session.IsWhole, session.SealedRows, session.Calls, session.Rows, session.EntriesOnly));
        Assert.True(session.CompleteThrough < marked);
        Assert.True(session.IsComplete);

        // The same over a source that tells several apart, and none of a session that nobody reports.
        (await node.GetAsync("/v1/log/bundle?session=nobody")).Problem(404);
        await FetchAsync("session=s-2&source=admin");
        var open = Assert.Single((await VerifyAsync()).Integrity.Sessions);
        Assert.Null(open.CompleteThrough);
        Assert.False(open.IsComplete);
    }

    [Theory]
    [InlineData("call|admin|s-1|c-2", "does not have 1 of its rows")]
    [InlineData("notes|admin|s-1", "does not have 1 of its rows")]
    [InlineData("operator|contents|", "is no such row")]
    public async Task a_row_that_was_kept_back_is_missed(string stream, string sentence)
    {
        await FetchAsync("session=s-1");
        await EditAsync("rows.ndjson", text => string.Join('\n', text.Split('\n').Where(line => !line.Contains($"\"persistence_id\":\"{stream}"))));
        Assert.Contains((await VerifyAsync()).Integrity.Faults, fault =>
            fault.Kind == IntegrityFaultKind.RowsMissing && fault.Sentence.Contains(sentence));
    }

    [Fact]
    public async Task whoever_writes_another_list_of_what_belongs_to_the_session_is_found()
    {
        await FetchAsync("session=s-1");
        var rows = await RowsAsync();
        var call = rows.Single(row => row.Text("persistence_id") == "call|admin|s-1|c-2").GetProperty("index").GetInt64();
        // The call is left out of the rows and of the list: what was sealed counts it.
        await EditAsync("rows.ndjson", text => string.Join('\n', text.Split('\n').Where(line => !line.Contains("|s-1|c-2\""))));
        await EditAsync("contents.json", text => Without(text, call));
        Assert.Contains((await VerifyAsync()).Integrity.Faults, fault => fault.Sentence.Contains("some are missing"));

        // The list no longer names what was sealed: nothing shows that the bundle is whole, and that is said.
        await EditAsync("contents.json", text => text.Replace("\"contents\":", "\"contents\":null,\"was\":"));
        await EditAsync("rows.ndjson", text => string.Join('\n', text.Split('\n').Where(line => !line.Contains("operator|contents|"))));
        var silent = (await VerifyAsync()).Integrity;
        Assert.Empty(silent.Faults);
        Assert.False(Assert.Single(silent.Sessions).IsComplete);
    }

    [Fact]
    public async Task what_was_sealed_later_cannot_be_kept_back_behind_what_was_sealed_before()
    {
        await FetchAsync("session=s-1");
        var (older, list) = (await ReadAsync("rows.ndjson"), await ReadAsync("contents.json"));
        var sealedThen = (await RowsAsync()).Single(row => row.Text("persistence_id").StartsWith("operator|contents|")).GetProperty("index").GetInt64();
        await RecordAsync("s-1", "c-4");
        await EndAsync("s-1", "2025-01-02T04:00:00Z");
        await MarkedAsync("s-1", marked);
        await FetchAsync("session=s-1");
        var honest = (await VerifyAsync()).Integrity;
        Assert.Equal(6, Assert.Single(honest.Sessions).SealedRows);
        Assert.Empty(honest.Faults);

        // The bundle of now, with the rows and the list of then.
        await EditAsync("rows.ndjson", _ => older);
        await EditAsync("contents.json", _ => list);
        var faults = (await VerifyAsync()).Integrity.Faults;
        Assert.Contains(faults, fault => fault.Sentence.Contains("what was sealed of the session"));
        Assert.Contains(faults, fault => fault.Sentence.Contains("of the session admin|s-1, and the bundle does not have it"));
        Assert.True(sealedThen > 0);
    }

    [Fact]
    public async Task a_bundle_of_a_task_says_what_of_its_sessions_is_there_as_entries_alone()
    {
        await node.RecordAsync(Records.Item("s-3", "c-1", Records.Completed(), task: "t-1"));
        await node.RecordAsync(Records.Item("s-3", "c-2", Records.Completed(), task: "t-2"));
        await EndAsync("s-3");
        await MarkedAsync("s-3");
        await FetchAsync("task=t-1");
        var integrity = (await VerifyAsync()).Integrity;
        Assert.Empty(integrity.Faults);
        var session = Assert.Single(integrity.Sessions);
        Assert.Equal((false, 3L, 3L, 2L), (session.IsWhole, session.SealedRows, session.Rows, session.EntriesOnly));
        Assert.DoesNotContain("t-2", await ReadAsync("rows.ndjson"));
    }

    [Fact]
    public async Task who_sees_one_agent_is_not_told_how_much_there_is_of_the_others()
    {
        await node.RecordAsync(Records.Item("s-4", "c-1", Records.Completed(), agent: "a"));
        await node.RecordAsync(Records.Item("s-4", "c-2", Records.Completed(), agent: "b"));
        await EndAsync("s-4");
        await MarkedAsync("s-4");
        using var reader = await node.ClientAsync("of-a", "read", agent: "a");
        await SaveAsync((await reader.GetAnswerAsync("/v1/log/bundle?session=s-4&source=admin")).Require(200));
        var integrity = (await VerifyAsync()).Integrity;
        Assert.Empty(integrity.Faults);
        Assert.Empty(integrity.Sessions);
        Assert.True(integrity.IsPart);
        Assert.Single(await RowsAsync());
    }

    [Fact]
    public async Task a_session_that_goes_on_is_marked_every_hour()
    {
        var clock = new SettableClock();
        await using var other = await TestNode.StartAsync(clock: clock);
        (await other.PostAsync("/v1/records?wait=sealed", Records.Item("s-1", "c-1", Records.Completed()))).Require(201);
        clock.Advance(TimeSpan.FromMinutes(61));
        await Patience.UntilAsync(async () => (await MarksAsync(other, "s-1")).Count > 0, "the hour is over");
    }

    [PostgresFact]
    public async Task a_database_is_told_how_much_a_session_held_too()
    {
        await using var database = await PostgresServer.CreateDatabaseAsync();
        await using var other = await TestNode.StartAsync("postgres:" + database.ConnectionString);
        (await other.RecordAsync(Records.Item("s-1", "c-1", Records.Completed()))).Require(201);
        (await other.PostAsync(
            "/v1/records?wait=sealed", """{"session_id":"s-1","note":{"type":"session_ended","at":"2025-01-02T03:05:00Z","detail":{} }}""")).Require(201);
        await Patience.UntilAsync(async () => (await MarksAsync(other, "s-1")).Count > 0, "it is written how much the session held");
    }

    private static string Without(string contents, long row)
    {
        using var json = JsonDocument.Parse(contents);
        var session = json.RootElement[0];
        var rows = session.GetProperty("rows").EnumerateArray().Select(one => one.GetInt64()).Where(one => one != row);
        return $$"""[{"session":"admin|s-1","whole":true,"contents":{{session.GetProperty("contents")}},"rows":[{{string.Join(',', rows)}}]}]""";
    }

    private async Task RecordAsync(string session, params string[] calls)
    {
        foreach (var call in calls)
        {
            (await node.RecordAsync(Records.Item(session, call, Records.Completed()))).Require(201);
        }
    }

    private async Task EndAsync(string session, string at = "2025-01-02T03:05:00Z") => (await node.PostAsync(
        "/v1/records?wait=sealed", $$$"""{"session_id":"{{{session}}}","note":{"type":"session_ended","at":"{{{at}}}","detail":{} }}""")).Require(201);

    /// <summary>The position of what is sealed of a session then.</summary>
    private async Task<long> MarkedAsync(string session, long after = 0)
    {
        var position = 0L;
        await Patience.UntilAsync(
            async () => (position = (await MarksAsync(node, session)).DefaultIfEmpty(0).Max()) > after
                && (await node.GetAsync("/v1/log")).Json.GetProperty("position").GetInt64() >= position,
            "it is sealed how much the session held");
        return position;
    }

    private static async Task<List<long>> MarksAsync(TestNode of, string session) =>
    [
        .. (await of.GetAsync("/v1/events?limit=1000")).Require(200).Json.GetProperty("items").EnumerateArray()
            .Where(item => item.Text("stream") == $"operator|contents|admin|{session}").Select(item => item.GetProperty("position").GetInt64()),
    ];

    private async Task FetchAsync(string what) => await SaveAsync((await node.GetAsync("/v1/log/bundle?" + what)).Require(200));

    private Task SaveAsync(Answer answer) => File.WriteAllBytesAsync(Bundle, answer.Bytes);

    private Task<VerificationResult> VerifyAsync() =>
        LogVerifier.VerifyBundleAsync(Bundle, new VerifyOptions { TrustedKey = key }, null, CancellationToken.None);

    private async Task<List<JsonElement>> RowsAsync() =>
        [.. (await ReadAsync("rows.ndjson")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];

    private async Task<string> ReadAsync(string name)
    {
        using var bundle = ZipFile.OpenRead(Bundle);
        using var reader = new StreamReader(bundle.GetEntry(name)!.Open(), Encoding.UTF8);
        return await reader.ReadToEndAsync();
    }

    private async Task EditAsync(string name, Func<string, string> edit)
    {
        var text = edit(await ReadAsync(name));
        using var bundle = ZipFile.Open(Bundle, ZipArchiveMode.Update);
        bundle.GetEntry(name)!.Delete();
        await using var writer = new StreamWriter(bundle.CreateEntry(name).Open());
        await writer.WriteAsync(text);
    }
}
