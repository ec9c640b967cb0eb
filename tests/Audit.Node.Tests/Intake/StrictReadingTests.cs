using System.Text;
using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Intake;

/// <summary>What cannot be read is named and turned away, alone, in every form of intake.</summary>
public sealed class StrictReadingTests : IAsyncLifetime
{
    private static readonly string Good = Records.Item("s-1", "good-1", Records.Completed());
    private static readonly string OtherGood = Records.Item("s-1", "good-2", Records.Completed());

    private TestNode node = null!;

    public async Task InitializeAsync() => node = await TestNode.StartAsync();

    public async Task DisposeAsync() => await node.DisposeAsync();

    public static TheoryData<string, byte[], string> Bad() => new()
    {
        { "not JSON", "this is no JSON"u8.ToArray(), "byte" },
        { "invalid UTF-8", [.. "{\"session_id\":\""u8, 0xC3, 0x28, .. "\"}"u8], "byte 15" },
        { "a lone surrogate", Utf8(Records.Item("s-1", "bad", Records.Completed(output: "SURROGATE")).Replace("SURROGATE", "\\ud800")), "record.outcome.result.output" },
        { "a key twice", Utf8(Good.Replace("\"tool_name\":\"bash\"", "\"tool_name\":\"bash\",\"tool_name\":\"sh\"")), "record.tool_name" },
        { "a depth of 10,000", Utf8(Good.Replace("{\"a\":1}", new string('[', 10_000) + new string(']', 10_000))), "record.requested_input" },
        { "an unknown kind", Utf8(Records.Item("s-1", "bad", """{"kind":"exploded"}""")), "record.outcome.kind" },
        { "the year 0", Utf8(Records.Item("s-1", "bad", Records.Completed(), at: "0000-01-01T00:00:00Z")), "record.recorded_at" },
        { "no outcome", Utf8(Good.Replace("\"outcome\"", "\"out\"")), "record.outcome" },
        { "an empty session", Utf8(Records.Item("", "bad", Records.Completed())), "session_id" },
        { "a session with a bar", Utf8(Records.Item("a|b", "bad", Records.Completed())), "session_id" },
        { "a call of 97 bytes", Utf8(Records.Item("s-1", new string('c', 97), Records.Completed())), "record.tool_call_id" },
        { "two items in one line", Utf8(Good + Good), "not JSON" },
    };

    [Theory]
    [MemberData(nameof(Bad))]
    public async Task in_a_stream_it_is_invalid_alone(string what, byte[] bad, string place)
    {
        byte[] body = [.. Utf8(Good), (byte)'\n', .. bad, (byte)'\n', .. Utf8(OtherGood)];
        var answer = await node.Http.AnswerAsync(HttpMethod.Post, "/v1/records", body, "application/x-ndjson");

        Assert.True(what.Length > 0);
        Assert.Equal(["recorded", "invalid", "recorded"], answer.Require(200).Statuses);
        Assert.Contains(place, answer.Lines[1].Text("error"));
    }

    [Theory]
    [MemberData(nameof(Bad))]
    public async Task in_an_array_it_is_invalid_alone(string what, byte[] bad, string place)
    {
        if (what is "not JSON" or "two items in one line")
        {
            // In an array these are garbage between items.
            return;
        }

        byte[] body = [(byte)'[', .. Utf8(Good), (byte)',', .. bad, (byte)',', .. Utf8(OtherGood), (byte)']'];
        var answer = await node.Http.AnswerAsync(HttpMethod.Post, "/v1/records", body, "application/json");

        Assert.Equal(
            ["recorded", "invalid", "recorded"], answer.Require(200).Json.EnumerateArray().Select(receipt => receipt.Text("status")));
        Assert.Contains(place, answer.Json[1].Text("error"));
    }

    [Theory]
    [MemberData(nameof(Bad))]
    public async Task alone_it_is_422_and_named(string what, byte[] bad, string place)
    {
        var answer = await node.Http.AnswerAsync(HttpMethod.Post, "/v1/records", bad, "application/json");

        Assert.True(what.Length > 0);
        Assert.Contains(place, answer.Require(422).Json.Text("error"));
    }

    [Fact]
    public async Task a_cut_item_is_invalid()
    {
        var cut = await node.RecordAsync(Good[..^20]);
        var line = await node.LinesAsync(OtherGood + "\n" + Good[..^20]);

        Assert.Contains("not JSON", cut.Require(422).Json.Text("error"));
        Assert.Equal(["recorded", "invalid"], line.Require(200).Statuses);
    }

    [Fact]
    public async Task an_empty_body_is_invalid()
    {
        (await node.RecordAsync("")).Require(422);
        Assert.Empty((await node.LinesAsync("")).Require(200).Bytes);
    }

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);
}
