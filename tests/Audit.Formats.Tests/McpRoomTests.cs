using Audit.Formats.Tests.Support;

namespace Audit.Formats.Tests;

/// <summary>What a log of MCP makes its reader remember has so many bytes, and each connection is its own.</summary>
public sealed class McpRoomTests
{
    [Theory]
    [InlineData("tools/call")]
    [InlineData("x/y")]
    public void long_names_take_the_room_that_they_have(string method)
    {
        var derived = new Derived();
        var reader = new FormatReaders().Open("mcp", "s-1", "ci")!;
        for (var round = 0; round < 400; round++)
        {
            // A name of 200,000 letters is 400,000 bytes of memory.
            var name = $"{round}{new string('n', 200_000)}";
            derived.Follow(reader, System.Text.Encoding.UTF8.GetBytes(method == "tools/call"
                ? $$$"""{"jsonrpc":"2.0","id":{{{round}}},"method":"tools/call","params":{"name":"{{{name}}}"}}"""
                : $$$"""{"jsonrpc":"2.0","id":1,"method":"{{{name}}}"}"""));
        }

        Assert.InRange(derived.InvalidLines.Count, 200, 300);
        Assert.All(derived.InvalidLines, one => Assert.Contains("64 MiB of open requests", one.Sentence));
        var connected = new Derived().Follow(reader, """
            {"jsonrpc":"2.0","id":"a","method":"initialize","params":{}}
            {"jsonrpc":"2.0","id":"b","method":"tools/call","params":{"name":"rm"}}
            {"jsonrpc":"2.0","id":"b","result":{"content":[]}}
            """u8);
        Assert.Equal(["mcp:b:requested", "mcp:b:completed"], connected.MessageIds);
    }

    [Fact]
    public void what_was_answered_takes_no_room()
    {
        var derived = new Derived();
        var reader = new FormatReaders().Open("mcp", "s-1", "ci")!;
        for (var round = 0; round < 400; round++)
        {
            derived.Follow(reader, System.Text.Encoding.UTF8.GetBytes($$$"""
                {"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"{{{new string('n', 200_000)}}}","arguments":{"round":{{{round}}} } } }
                {"jsonrpc":"2.0","id":1,"result":{"content":[]}}
                """));
        }

        Assert.Empty(derived.InvalidLines);
        Assert.Equal(800, derived.Records.Count);
    }

    [Fact]
    public void who_connects_anew_ends_what_it_asked_and_nobody_elses()
    {
        var derived = Derived.Of("mcp", """
            {"server":"a","message":{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"rm","arguments":{"x":1}}}}
            {"server":"a2","message":{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"ls"}}}
            {"server":"a","message":{"jsonrpc":"2.0","id":0,"method":"initialize","params":{}}}
            {"server":"a","message":{"jsonrpc":"2.0","id":1,"result":{"content":[]}}}
            {"server":"a2","message":{"jsonrpc":"2.0","id":1,"result":{"content":[]}}}
            """);
        Assert.Equal(["a.rm Requested", "a2.ls Requested", "a2.ls Completed"], derived.Records.Select(one => $"{one.Record.ToolName} {one.Kind}"));
        Assert.Contains("a request that this log does not have before", Assert.Single(derived.InvalidLines).Sentence);
    }

    /// <summary>Whoever cancels the asking for a result says nothing of a call under that id, for there is none.</summary>
    [Fact]
    public void asking_for_the_result_of_a_task_may_be_cancelled()
    {
        var derived = Derived.Of("mcp", """
            {"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"build"}}
            {"jsonrpc":"2.0","id":1,"result":{"task":{"taskId":"t"}}}
            {"jsonrpc":"2.0","id":2,"method":"tasks/result","params":{"taskId":"t"}}
            {"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2,"reason":"enough"}}
            """);
        Assert.Equal(["mcp:1:requested", "mcp:1:started", "mcp:1:cancelled"], derived.MessageIds);
    }
}
