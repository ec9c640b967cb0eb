using Audit.Node.Tests.Pages;
using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Trust;

/// <summary>What is derived from another system's words has ids that no client can write into.</summary>
public sealed class DerivedIdTests
{
    [Trait("Point", "4")]
    [Fact]
    public async Task a_guess_of_a_derived_id_does_not_swallow_the_genuine_hook()
    {
        await using var node = await TestNode.StartAsync();
        using var host = await node.ClientAsync("host", "ingest");
        var guess = Records.Item("s", "toolu_1", Records.Completed(success: false, output: "nothing happened"))
            .Replace("\"session_id\"", "\"message_id\":\"claude-code:toolu_1:completed\",\"derived\":true,\"session_id\"");
        (await host.PostAsync("/v1/records", guess)).Require(201);

        var hook = (await host.PostAsync(
            "/v1/ingest/claude-code",
            """{"session_id":"s","hook_event_name":"PostToolUse","tool_name":"bash","tool_use_id":"toolu_1","tool_input":{"a":1},"tool_response":{"stdout":"EXFILTRATED"}}""")).Text;

        Assert.DoesNotContain("duplicate", hook);
        Assert.Contains("EXFILTRATED", (await node.GetAsync("/v1/sessions/s/calls/toolu_1/events")).Require(200).Text);
    }

    [Trait("Point", "4")]
    [Fact]
    public async Task a_benign_hook_under_the_same_id_does_not_swallow_the_genuine_one_and_the_call_says_so()
    {
        await using var node = await TestNode.StartAsync();
        using var host = await node.ClientAsync("host", "ingest");
        (await host.PostAsync("/v1/ingest/claude-code", Hook("nothing happened"))).Require(200);

        var genuine = (await host.PostAsync("/v1/ingest/claude-code", Hook("EXFILTRATED"))).Require(200).Text;
        var third = (await host.PostAsync("/v1/ingest/claude-code", Hook("EXFILTRATED"))).Require(200).Text;

        Assert.DoesNotContain("duplicate", genuine);
        Assert.Contains("duplicate", third);
        var events = (await node.GetAsync("/v1/sessions/s/calls/toolu_1/events")).Require(200).Text;
        Assert.Contains("nothing happened", events);
        Assert.Contains("EXFILTRATED", events);
        Assert.Contains("\"differing\":[\"output\"]", events);
        var call = (await node.GetAsync("/v1/sessions/s/calls/toolu_1")).Require(200).Json;
        Assert.Contains("channels_differ", call.Texts("anomalies"));
        Assert.Equal("completed", call.Text("state"));
        using var browser = await PageBrowser.SignedInAsync(node, await node.TokenAsync("reader", ["read"]));
        var page = (await browser.GetAsync("/call?session=s&call=toolu_1")).Require(200).Text;
        Assert.Contains("channels differ", page);
        Assert.Contains("different: output", page);
    }

    private static string Hook(string output) =>
        """{"session_id":"s","hook_event_name":"PostToolUse","tool_name":"bash","tool_use_id":"toolu_1","tool_input":{"a":1},"tool_response":{"stdout":"OUT"}}"""
            .Replace("OUT", output);
}
