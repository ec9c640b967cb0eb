using System.IO.Compression;
using System.Text;
using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Formats;

public sealed class TracesTests : IAsyncLifetime
{
    private const string Good = """{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b101","name":"execute_tool get_weather","startTimeUnixNano":"1767225600000000001","endTimeUnixNano":"1767225601123456789","attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"execute_tool"}},{"key":"gen_ai.tool.name","value":{"stringValue":"get_weather"}},{"key":"gen_ai.tool.call.id","value":{"stringValue":"call_1"}},{"key":"gen_ai.conversation.id","value":{"stringValue":"conv-1"}}]}""";
    private const string Other = """{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b102","name":"chat"}""";
    private const string Bad = """{"spanId":"eee19b7ec3c1b103","name":"execute_tool x"}""";

    private TestNode node = null!;

    public async Task InitializeAsync() => node = await TestNode.StartAsync();

    public async Task DisposeAsync() => await node.DisposeAsync();

    [Fact]
    public async Task a_request_for_export_is_answered_as_otlp_has_it()
    {
        Assert.Equal("{}", (await PostAsync(Good, Other)).Require(200).Text);
        Assert.Equal("{}", (await PostAsync(Good, Other)).Require(200).Text);
        Assert.Equal("{}", (await node.PostAsync("/v1/traces", "{}")).Require(200).Text);

        var events = (await node.GetAsync("/v1/events?session=conv-1")).Json.GetProperty("items").EnumerateArray()
            .Select(item => item.GetProperty("event").GetProperty("record")).ToList();
        Assert.Equal(["requested", "completed"], events.Select(record => record.GetProperty("outcome").Text("kind")));
        Assert.Equal("2026-01-01T00:00:01.123456789Z", events[1].Text("recorded_at"));
    }

    [Fact]
    public async Task spans_that_cannot_be_taken_are_counted_and_the_others_taken()
    {
        var answer = (await PostAsync(Bad, Good, Bad)).Require(200).Json.GetProperty("partialSuccess");

        Assert.Equal("2", answer.Text("rejectedSpans"));
        Assert.Contains("traceId: missing", answer.Text("errorMessage"));
        Assert.Equal(2, (await node.GetAsync("/v1/events?session=conv-1")).Json.GetProperty("items").GetArrayLength());
    }

    [Fact]
    public async Task a_span_whose_ids_are_too_long_is_one_rejected_span()
    {
        var answer = (await PostAsync(Good.Replace("call_1", new string('c', 97)), Good)).Require(200).Json;
        Assert.Equal("1", answer.GetProperty("partialSuccess").Text("rejectedSpans"));
    }

    [Fact]
    public async Task a_request_of_which_nothing_can_be_taken_is_refused()
    {
        Assert.Contains("resourceLogs", (await node.PostAsync("/v1/traces", """{"resourceLogs":[]}""")).Problem(400));
        (await node.PostAsync("/v1/traces", "{")).Problem(400);
        (await PostAsync(Bad)).Problem(400);
        Assert.Contains("application/x-protobuf", (await node.PostAsync("/v1/traces", "x", "text/plain")).Problem(415));
    }

    [Fact]
    public async Task a_request_may_be_compressed()
    {
        using var packed = new MemoryStream();
        await using (var gzip = new GZipStream(packed, CompressionMode.Compress, leaveOpen: true))
        {
            gzip.Write(Encoding.UTF8.GetBytes(Body(Good)));
        }

        var answer = await node.Http.AnswerAsync(
            HttpMethod.Post, "/v1/traces?task=t-1", packed.ToArray(), "application/json",
            change: request => request.Content!.Headers.ContentEncoding.Add("gzip"));

        Assert.Equal("{}", answer.Require(200).Text);
        Assert.Equal("t-1", (await node.GetAsync("/v1/events?session=conv-1")).Json.GetProperty("items")[0].GetProperty("event").Text("task_id"));
    }

    private Task<Answer> PostAsync(params string[] spans) => node.PostAsync("/v1/traces", Body(spans));

    private static string Body(params string[] spans) =>
        $$$"""{"resourceSpans":[{"scopeSpans":[{"spans":[{{{string.Join(',', spans)}}}]}]}]}""";
}
