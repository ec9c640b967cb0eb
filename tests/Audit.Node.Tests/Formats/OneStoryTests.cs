using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Formats;

/// <summary>However a session is reported, by its hooks, by its transcript, in parts or again, each message is written once.</summary>
public sealed class OneStoryTests : IAsyncLifetime
{
    private static readonly string[] Hooks = ClaudeCodeSession.Hooks;
    private static readonly string[] Transcript = ClaudeCodeSession.Transcript;

    private TestNode node = null!;

    public async Task InitializeAsync() => node = await TestNode.StartAsync();

    public async Task DisposeAsync() => await node.DisposeAsync();

    public static TheoryData<string> Deliveries { get; } =
    [
        "hooks then transcript", "transcript then hooks", "hooks one by one then transcript", "transcript then hooks one by one",
        "half the hooks, the transcript, all the hooks", "half the transcript, the hooks, all the transcript",
        "one stream of both", "one stream of both, the transcript first", "hooks, a restart, transcript", "transcript, a restart, hooks",
        "hooks twice, transcript twice", "the second half of the transcript, the hooks, all the transcript",
    ];

    [Theory]
    [MemberData(nameof(Deliveries))]
    public async Task each_call_is_recorded_once_without_a_violation(string delivery)
    {
        await DeliverAsync(delivery);

        var events = await EventsAsync();
        Assert.DoesNotContain(events, one => one.Event == "call.violated");
        var recorded = events.Where(one => one.Event == "call.transitioned").Select(one => $"{one.Call} {one.Kind}").Order();
        Assert.Equal(
            [
                "toolu_1 completed", "toolu_1 requested", "toolu_1 requires_confirmation",
                "toolu_2 blocked", "toolu_2 requested", "toolu_2 requires_confirmation",
                "toolu_3 completed", "toolu_3 requested",
                "toolu_4 blocked", "toolu_4 completed", "toolu_4 requested",
            ],
            recorded);
    }

    [Theory]
    [MemberData(nameof(Deliveries))]
    public async Task what_was_reported_is_a_duplicate_when_it_is_reported_again(string delivery)
    {
        await DeliverAsync(delivery);

        var again = await LinesAsync([.. Transcript, .. Hooks]);
        Assert.All(again.Statuses.SkipLast(1), status => Assert.Equal("duplicate", status));
        Assert.Equal("ignored", again.Statuses[^1]);
    }

    [Fact]
    public async Task channels_that_report_a_call_differently_are_both_kept_once()
    {
        await LinesAsync(Hooks);
        await LinesAsync([.. Transcript.Select(line => line.Replace("\"is_error\":false", "\"is_error\":true"))]);
        await LinesAsync([.. Transcript.Select(line => line.Replace("\"is_error\":false", "\"is_error\":true"))]);

        var differing = (await EventsAsync()).Where(one => one.Raw.Contains("\"channels_differ\"")).ToList();
        Assert.Equal(("call.transitioned", "toolu_1"), (Assert.Single(differing).Event, differing[0].Call));
        Assert.Contains("\"differing\":[\"outcome\"]", differing[0].Raw);
        Assert.Contains("channels_differ", (await node.GetAsync("/v1/sessions/cc-1/calls/toolu_1")).Json.Texts("anomalies"));
    }

    [Fact]
    public async Task a_second_channel_confirms_a_completion_and_is_named()
    {
        await LinesAsync(Hooks);
        await LinesAsync(Transcript);

        var confirmed = (await EventsAsync()).Where(one => one.Event == "call.confirmed").ToList();
        Assert.Equal(["toolu_1", "toolu_3"], confirmed.Select(one => one.Call).Order());
        Assert.All(confirmed, one => Assert.Contains("\"channel\":\"claude-code transcript\"}", one.Raw));
        Assert.DoesNotContain(await EventsAsync(), one => one.Raw.Contains("channels_differ"));
    }

    [Fact]
    public async Task a_time_that_no_source_gives_is_marked_as_inferred()
    {
        await LinesAsync(Hooks);
        await LinesAsync(Transcript);

        var events = await EventsAsync();
        Assert.All(events.Where(one => one.Kind == "requires_confirmation"), one => Assert.Contains("\"time\":\"inferred\"", one.Raw));
        Assert.DoesNotContain("\"time\":\"inferred\"", events.Single(one => one is { Call: "toolu_2", Kind: "blocked" }).Raw);
        Assert.All(events.Where(one => one.Kind is not null), one => Assert.Contains("\"derived\":true", one.Raw));
    }

    private async Task DeliverAsync(string delivery)
    {
        foreach (var part in delivery switch
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
            _ => throw new ArgumentOutOfRangeException(nameof(delivery)),
        })
        {
            await DeliverPartAsync(part, isOneByOne: delivery.Contains("one by one") && part == Hooks);
        }
    }

    private async Task DeliverPartAsync(string[] part, bool isOneByOne)
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
            .. answer.Require(200).Lines.Select(line => line.GetProperty("event")).Select(one =>
            {
                var hasRecord = one.TryGetProperty("record", out var record);
                var call = hasRecord ? record.Text("tool_call_id")
                    : one.TryGetProperty("tool_call_id", out var id) ? id.GetString() : null;
                return (one.Text("event"), call, hasRecord ? record.GetProperty("outcome").Text("kind") : null, one.GetRawText());
            }),
        ];
    }
}
