using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Formats;

/// <summary>However a session is told, by its hooks, by its transcript, in parts or again, the book holds one story of it.</summary>
public sealed class OneStoryTests : IAsyncLifetime
{
    private static readonly string[] Hooks = ClaudeCodeSession.Hooks;
    private static readonly string[] Transcript = ClaudeCodeSession.Transcript;

    private TestNode node = null!;

    public async Task InitializeAsync() => node = await TestNode.StartAsync();

    public async Task DisposeAsync() => await node.DisposeAsync();

    public static TheoryData<string> Tellings { get; } =
    [
        "hooks then transcript", "transcript then hooks", "hooks one by one then transcript", "transcript then hooks one by one",
        "half the hooks, the transcript, all the hooks", "half the transcript, the hooks, all the transcript",
        "one stream of both", "one stream of both, the transcript first", "hooks, a restart, transcript", "transcript, a restart, hooks",
        "hooks twice, transcript twice", "the second half of the transcript, the hooks, all the transcript",
    ];

    [Theory]
    [MemberData(nameof(Tellings))]
    public async Task each_call_is_told_once_without_a_violation(string telling)
    {
        await TellAsync(telling);

        var events = await EventsAsync();
        Assert.DoesNotContain(events, told => told.Event == "call.violated");
        var told = events.Where(one => one.Event == "call.transitioned").Select(one => $"{one.Call} {one.Kind}").Order();
        Assert.Equal(
            [
                "toolu_1 completed", "toolu_1 requested", "toolu_1 requires_confirmation",
                "toolu_2 blocked", "toolu_2 requested", "toolu_2 requires_confirmation",
                "toolu_3 completed", "toolu_3 requested",
                "toolu_4 blocked", "toolu_4 completed", "toolu_4 requested",
            ],
            told);
    }

    [Theory]
    [MemberData(nameof(Tellings))]
    public async Task what_was_told_is_told_again_in_duplicates_only(string telling)
    {
        await TellAsync(telling);

        var again = await LinesAsync([.. Transcript, .. Hooks]);
        Assert.All(again.Statuses.SkipLast(1), status => Assert.Equal("duplicate", status));
        Assert.Equal("ignored", again.Statuses[^1]);
    }

    [Fact]
    public async Task sources_that_tell_a_call_differently_are_told_apart_once()
    {
        await LinesAsync(Hooks);
        await LinesAsync([.. Transcript.Select(line => line.Replace("\"is_error\":false", "\"is_error\":true"))]);
        await LinesAsync([.. Transcript.Select(line => line.Replace("\"is_error\":false", "\"is_error\":true"))]);

        var rejudged = (await EventsAsync()).Where(told => told.Event == "call.rejudged").ToList();
        Assert.Equal("toolu_1", Assert.Single(rejudged).Call);
        Assert.Contains("sources_differ", rejudged[0].Raw);
    }

    [Fact]
    public async Task a_time_that_no_source_tells_is_marked_as_inferred()
    {
        await LinesAsync(Hooks);
        await LinesAsync(Transcript);

        var events = await EventsAsync();
        Assert.All(events.Where(told => told.Kind == "requires_confirmation"), told => Assert.Contains("\"time\":\"inferred\"", told.Raw));
        Assert.DoesNotContain("\"time\":\"inferred\"", events.Single(told => told is { Call: "toolu_2", Kind: "blocked" }).Raw);
        Assert.All(events.Where(told => told.Call is not null), told => Assert.Contains("\"derived\":true", told.Raw));
    }

    private async Task TellAsync(string telling)
    {
        foreach (var part in telling switch
        {
            "hooks then transcript" => new[] { Hooks, Transcript },
            "transcript then hooks" => [Transcript, Hooks],
            "hooks one by one then transcript" => [Hooks, Transcript],
            "transcript then hooks one by one" => [Transcript, Hooks],
            "half the hooks, the transcript, all the hooks" => [Hooks[..5], Transcript, Hooks],
            "half the transcript, the hooks, all the transcript" => [Transcript[..3], Hooks, Transcript],
            "one stream of both" => [[.. Hooks, .. Transcript]],
            "one stream of both, the transcript first" => [[.. Transcript, .. Hooks]],
            "hooks, a restart, transcript" => [Hooks, [], Transcript],
            "transcript, a restart, hooks" => [Transcript, [], Hooks],
            "hooks twice, transcript twice" => [Hooks, Hooks, Transcript, Transcript],
            "the second half of the transcript, the hooks, all the transcript" => [Transcript[3..], Hooks, Transcript],
            _ => throw new ArgumentOutOfRangeException(nameof(telling)),
        })
        {
            await TellPartAsync(part, isOneByOne: telling.Contains("one by one") && part == Hooks);
        }
    }

    private async Task TellPartAsync(string[] part, bool isOneByOne)
    {
        if (part.Length == 0)
        {
            await node.RestartAsync();
        }
        else if (isOneByOne)
        {
            foreach (var hook in part)
            {
                (await node.PostAsync("/v1/ingest/claude-code", hook)).Require(200);
            }
        }
        else
        {
            await LinesAsync(part);
        }
    }

    private async Task<Answer> LinesAsync(string[] lines) =>
        (await node.PostAsync("/v1/ingest/claude-code", string.Join('\n', lines), "application/x-ndjson")).Require(200);

    private async Task<List<(string Event, string? Call, string? Kind, string Raw)>> EventsAsync()
    {
        var answer = await node.GetAsync("/v1/events?session=cc-1", accept: "application/x-ndjson");
        return
        [
            .. answer.Require(200).Lines.Select(line => line.GetProperty("event")).Select(told =>
            {
                var hasRecord = told.TryGetProperty("record", out var record);
                var call = hasRecord ? record.Text("tool_call_id")
                    : told.TryGetProperty("tool_call_id", out var id) ? id.GetString() : null;
                return (told.Text("event"), call, hasRecord ? record.GetProperty("outcome").Text("kind") : null, told.GetRawText());
            }),
        ];
    }
}
