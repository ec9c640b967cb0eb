using System.Text.Json;

namespace Audit.CommandLine.Tests.Hosts;

/// <summary>What `audit mcp` lets through, byte for byte, and what it does not.</summary>
public sealed class McpWireTests
{
    private const string Call = """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x"}}""" + "\n";

    private const string Cancel =
        """{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1,"reason":"too slow"}}""" + "\n";

    private const string Last = """{"jsonrpc":"2.0","method":"notifications/last"}""";

    private static readonly string[] FromClient =
    [
        """{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"c","version":"1"}}}""",
        """  { "id" : "a\u0062c" ,"method":"x/y", "jsonrpc"  :"2.0"}  """,
        "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\r",
        """{"jsonrpc":"2.0","id":-7,"method":"","params":{"n":1e400,"big":123456789012345678901234567890,"s":"\ud83d\ude00 \/","deep":[[[[{}]]]]}}""",
        "{\"jsonrpc\":\"2.0\",\"id\":8,\"method\":\"ping\",\"params\":{\"\xc3\xa9\":\"\xe2\x82\xac\"}}",
        """{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":8}}""",
    ];

    private static readonly string[] FromServer =
    [
        """{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-06-18","capabilities":{},"serverInfo":{"name":"s","version":"1"}}}""",
        """ {"result" :{"tools":[{"name":"a","x":1.0}]},"id":"abc", "jsonrpc":"2.0"} """,
        """{"jsonrpc":"2.0","id":-7,"error":{"code":-32601,"message":"n\u00f6"}}""",
        """{"jsonrpc":"2.0","id":1,"method":"sampling/createMessage","params":{}}""",
        "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{\"data\":\"\xe2\x82\xac\"}}\r",
    ];

    private static readonly string[] NotStrict =
    [
        """{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call"}""",
        """{"jsonrpc":"2.0","id":1,"method":"ping","Method":"tools/call"}""",
        """{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":1,"a":2}}""",
        """{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":1,"\u0061":2}}""",
        """[{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a"}}]""",
        """{"jsonrpc":"2.0","id":1,"method":"ping"}{"jsonrpc":"2.0","id":2,"method":"tools/call"}""",
        """{"jsonrpc":"2.0","id":1,"method":"ping","extra":1}""",
        """{"jsonrpc":"2.0","id":null,"method":"ping"}""",
        """{"jsonrpc":"2.0","id":1.5,"method":"ping"}""",
        """{"jsonrpc":"2.0","id":1e0,"method":"ping"}""",
        """{"jsonrpc":"2.0","id":-0,"method":"ping"}""",
        """{"jsonrpc":"2.0","id":9007199254740993,"method":"ping"}""",
        """{"jsonrpc":"2.0","id":[1],"method":"ping"}""",
        """{"jsonrpc":"1.0","id":1,"method":"ping"}""",
        """{"id":1,"method":"ping"}""",
        """{"jsonrpc":"2.0","id":1}""",
        """{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}""",
        """{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":""}}""",
        """{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":""},"result":{}}""",
        """{"jsonrpc":"2.0","id":1,"method":"ping","params":[1]}""",
        """{"jsonrpc":"2.0","id":1,"method":7}""",
        """{"jsonrpc":"2.0","id":1,"method":"Tools/Call","params":{"name":"a"}}""",
        """{"jsonrpc":"2.0","id":1,"method":"tools/call"}""",
        """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":""}}""",
        """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","Name":"b"}}""",
        """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":[]}}""",
        """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{"path":"/a","Path":"/b"}}}""",
        """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","task":{}}}""",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":{\"a\":\"\xff\"}}",
        """{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":"\ud800"}}""",
        """{"jsonrpc":"2.0","id":1,"method":"ping",}""",
        "\xef\xbb\xbf{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}",
        "ping",
        "7",
    ];

    [Fact]
    public async Task everything_but_calls_of_tools_passes_byte_for_byte_both_ways()
    {
        await using var node = await AskedNode.StartAsync(AskedNode.Approve);
        await using var proxy = Start(node, out var got, string.Concat(FromServer.Select(line => line + "\n")), after: FromClient.Length);

        await proxy.SayAsync(string.Concat(FromClient.Select(line => line + "\n")));
        foreach (var line in FromServer)
        {
            Assert.Equal(line.TrimEnd('\r'), await proxy.HearAsync());
        }

        // The answer to what the server asked.
        const string Answer = """{"jsonrpc":"2.0", "id":1,"result":{"role":"assistant"}}""";
        await proxy.SayAsync(Answer + "\n");
        await proxy.SayAsync(Last + "\n");
        var passed = await LinesAsync(got, FromClient.Length + 2);
        Assert.Equal([.. FromClient, Answer, Last], passed);
    }

    [Fact]
    public async Task what_two_readers_could_read_differently_is_refused_and_never_passed_on()
    {
        await using var node = await AskedNode.StartAsync(AskedNode.Approve);
        await using var proxy = Start(node, out var got, "", after: 0);

        foreach (var line in NotStrict)
        {
            await proxy.SayAsync(line + "\n");
            var answer = JsonElement.Parse(await proxy.HearAsync());
            Assert.True(
                answer.TryGetProperty("error", out var error) && error.GetProperty("code").GetInt32() is -32700 or -32602, $"{line}: {answer}");
        }

        await proxy.SayAsync(Last + "\n");
        Assert.Equal([Last], await LinesAsync(got, 1));
        Assert.Empty(await node.CallsAsync());
        Assert.Contains("not passed on", proxy.Noted, StringComparison.Ordinal);
    }

    [UnixFact]
    public async Task an_answer_that_is_longer_than_any_that_is_passed_on_fails_the_call()
    {
        const string Server = """
            read call
            printf '{"jsonrpc":"2.0","id":7,"result":{"content":[{"type":"text","text":"'
            head -c 68000000 /dev/zero | tr '\0' x
            printf '"}]}}\n'
            read more
            """;
        await using var node = await AskedNode.StartAsync(AskedNode.Approve);
        await using var proxy = new McpProxy(node, [], "sh", "-c", Server);

        await proxy.SayAsync("""{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"a"}}""" + "\n");
        var answer = JsonElement.Parse(await proxy.HearAsync());

        Assert.Equal(7, answer.GetProperty("id").GetInt32());
        Assert.True(answer.GetProperty("result").GetProperty("isError").GetBoolean());
        Assert.Contains("a line of more than 64 MiB", answer.GetRawText(), StringComparison.Ordinal);
        Assert.Equal("completed", (await node.KindsAsync(5))[4]);
    }

    [UnixFact]
    public async Task what_is_nested_too_deep_is_answered_to_whom_it_is_of()
    {
        var deep = new string('[', 100) + new string(']', 100);
        var server = """
            read call
            printf '{"jsonrpc":"2.0","id":7,"result":{"content":DEEP}}\n'
            read more
            """.Replace("DEEP", deep, StringComparison.Ordinal);
        await using var node = await AskedNode.StartAsync(AskedNode.Approve);
        await using var proxy = new McpProxy(node, [], "sh", "-c", server);

        await proxy.SayAsync(Call(6, ",\"arguments\":{\"x\":" + deep + "}}"));
        Assert.Equal((6, true), Of(await proxy.HearAsync(), "error"));
        await proxy.SayAsync(Call(7, "}"));
        var answer = await proxy.HearAsync();
        Assert.Equal((7, true), Of(answer, "result"));
        Assert.Contains("is not strict JSON-RPC", answer, StringComparison.Ordinal);

        static string Call(int id, string rest) =>
            $$"""{"jsonrpc":"2.0","id":{{id}},"method":"tools/call","params":{"name":"a" """ + rest + "}\n";

        static (int Id, bool Has) Of(string line, string member)
        {
            var answer = JsonElement.Parse(line);
            return (answer.GetProperty("id").GetInt32(), answer.TryGetProperty(member, out _));
        }
    }

    [Fact]
    public async Task an_id_in_use_an_answer_to_nothing_and_a_call_without_an_id_are_not_passed_on()
    {
        await using var node = await AskedNode.StartAsync(AskedNode.Approve);
        await using var proxy = Start(node, out var got, "", after: 0);
        const string Ping = """{"jsonrpc":"2.0","id":1,"method":"ping"}""";

        await proxy.SayAsync(Ping + "\n" + Ping + "\n");
        Assert.Equal(-32600, JsonElement.Parse(await proxy.HearAsync()).GetProperty("error").GetProperty("code").GetInt32());
        await proxy.SayAsync("""{"jsonrpc":"2.0","id":5,"result":{}}""" + "\n");
        await proxy.SayAsync("""{"jsonrpc":"2.0","method":"tools/call","params":{"name":"a"}}""" + "\n\n" + Last + "\n");

        Assert.Equal([Ping, Last], await LinesAsync(got, 2));
    }

    [Fact]
    public async Task a_call_goes_on_as_it_was_decided_and_its_result_comes_back_byte_for_byte()
    {
        await using var node = await AskedNode.StartAsync(AskedNode.Approve);
        const string Result = """ {"jsonrpc":"2.0","result":{ "content":[{"type":"text","text":"\u0061"}],"structuredContent":{"n":1.0}},"id":"q-1"} """;
        await using var proxy = Start(node, out var got, Result + "\n", after: 1);

        await proxy.SayAsync(
            """{ "method":"tools\/call", "jsonrpc":"2.0","params":{"_meta":{"k":1e2},"arguments":{"b":[1.0],"a":"\u0041"},"name":"x"},"id":"q-1"}""" + "\n");

        Assert.Equal(Result, await proxy.HearAsync());
        Assert.Equal(
            ["""{"jsonrpc":"2.0","id":"q-1","method":"tools/call","params":{"_meta":{"k":1e2},"arguments":{"b":[1.0],"a":"A"},"name":"x"}}"""],
            await LinesAsync(got, 1));
        var question = (await node.EventsAsync(5))[1].GetProperty("record");
        Assert.Equal("""{"k":1e2}""", question.GetProperty("outcome").GetProperty("permission").GetProperty("params._meta").GetRawText());
        Assert.Equal("""{"b":[1.0],"a":"A"}""", question.GetProperty("requested_input").GetRawText());
    }

    [Fact]
    public async Task an_answer_of_the_server_that_is_not_strict_is_told_and_not_passed_on()
    {
        await using var node = await AskedNode.StartAsync(AskedNode.Approve);
        await using var proxy = Start(
            node, out _, """{"jsonrpc":"2.0","id":1,"result":{"content":[],"content":[]}}""" + "\n" + """{"jsonrpc":"2.0","id":99,"result":{}}""" + "\n", after: 1);

        await proxy.SayAsync(Call);

        var answer = JsonElement.Parse(await proxy.HearAsync()).GetProperty("result");
        Assert.True(answer.GetProperty("isError").GetBoolean());
        Assert.Contains("stands twice", answer.GetProperty("content")[0].GetProperty("text").GetString(), StringComparison.Ordinal);
        Assert.Equal("completed", (await node.KindsAsync(5))[4]);
    }

    [Fact]
    public async Task a_result_deeper_than_a_record_may_be_is_kept_as_its_text()
    {
        await using var node = await AskedNode.StartAsync(AskedNode.Approve);
        var deep = """{"jsonrpc":"2.0","id":1,"result":{"content":[],"structuredContent":{"a":""" + new string('[', 58) + new string(']', 58) + "}}}";
        await using var proxy = Start(node, out _, deep + "\n", after: 1);

        await proxy.SayAsync(Call);

        Assert.Equal(deep, await proxy.HearAsync());
        var data = (await node.EventsAsync(5))[4].GetProperty("record").GetProperty("outcome").GetProperty("result").GetProperty("data");
        Assert.Contains("[[[[", data.GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task what_the_client_cancels_is_told_as_cancelled_and_what_still_comes_of_it_too()
    {
        await using var node = await AskedNode.StartAsync(AskedNode.Approve);
        const string Result = """{"jsonrpc":"2.0","id":1,"result":{"content":[]}}""";
        await using var proxy = Start(node, out var got, Result + "\n", after: 2);

        await proxy.SayAsync(Call);
        await LinesAsync(got, 1);
        await proxy.SayAsync(Cancel);

        Assert.Equal(Result, await proxy.HearAsync());
        Assert.Equal(Cancel.TrimEnd(), (await LinesAsync(got, 2))[1]);
        Assert.Equal(["started", "cancelled", "completed"], (await node.KindsAsync(6))[3..]);
        Assert.Equal("too slow", (await node.EventsAsync(6))[4].GetProperty("record").GetProperty("outcome").GetProperty("reason").GetString());
    }

    [Fact]
    public async Task who_gives_up_while_a_person_is_asked_never_runs_it()
    {
        await using var node = await AskedNode.StartAsync(AskedNode.Ask);
        await using var proxy = Start(node, out var got, "", after: 0);

        await proxy.SayAsync(Call);
        await node.KindsAsync(2);
        await proxy.SayAsync(Cancel + Last + "\n");

        Assert.Equal([Last], await LinesAsync(got, 1));
        Assert.Equal("cancelled", (await node.KindsAsync(3))[2]);
    }

    [Theory]
    [InlineData("--session", "a|b")]
    [InlineData("--agent", "a\nb")]
    [InlineData("--wait", "soon")]
    [InlineData("--patience", "0s")]
    public async Task options_that_are_not_accepted_are_refused_before_anything_runs(string option, string value) =>
        Assert.Contains(option, (await InProcess.RunAsync("mcp", option, value, "--", "true")).Require(ExitCode.WrongUse).Error, StringComparison.Ordinal);

    private static McpProxy Start(AskedNode node, out string got, string answers, int after)
    {
        var directory = Directory.CreateDirectory(node.PathOf("server")).FullName;
        File.WriteAllBytes(Path.Combine(directory, $"{after}"), System.Text.Encoding.Latin1.GetBytes(answers));
        got = Path.Combine(directory, "got");
        File.WriteAllBytes(got, []);
        return new McpProxy(node, [], McpProxy.Recording(directory));
    }

    /// <summary>What the server was sent, with every byte a letter, once it is so many lines.</summary>
    private static async Task<string[]> LinesAsync(string got, int count)
    {
        var text = await AskedNode.UntilAsync(async () =>
        {
            using var file = new FileStream(got, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var reader = new StreamReader(file, System.Text.Encoding.Latin1);
            return await reader.ReadToEndAsync() is var read && read.Count(letter => letter == '\n') >= count ? read : null;
        });
        Assert.EndsWith("\n", text, StringComparison.Ordinal);
        return text[..^1].Split('\n');
    }
}
