using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Trust;

/// <summary>Nobody lengthens his own window, ends another's, or is granted the past without a mark.</summary>
public sealed class WindowTrustTests
{
    private const string Request =
        """{"window_id":"w","task_id":"t","agent":"a","scope":["*"],"reason":"to look","duration":"60s"}""";

    [Fact]
    public async Task nobody_extends_the_window_that_was_asked_for_himself()
    {
        await using var node = await TestNode.StartAsync();
        using var eve = node.ClientWith(await node.TokenAsync("eve", ["ingest", "approve"]));
        using var phone = node.ClientWith(await node.TokenAsync("eve-phone", ["approve"], person: "eve"));
        using var maria = await node.ClientAsync("maria", "approve");
        (await eve.PostAsync("/v1/windows", Request)).Require(201);
        (await maria.PostAsync("/v1/windows/w/approve", "")).Require(201);
        var later = DateTime.UtcNow.AddHours(40).ToString("yyyy-MM-ddTHH:mm:ssZ");

        foreach (var own in new[] { eve, phone })
        {
            var refused = (await own.PostAsync("/v1/windows/w/extend", $$"""{"closes_at":"{{later}}"}""")).Require(409).Json;
            Assert.Equal("who requested a window may not extend it", refused.Text("reason"));
        }

        (await maria.PostAsync("/v1/windows/w/extend", $$"""{"closes_at":"{{later}}"}""")).Require(201);
    }

    [Fact]
    public async Task no_other_host_closes_a_window()
    {
        await using var node = await TestNode.StartAsync();
        using var asker = await node.ClientAsync("asker", "ingest");
        using var mallory = await node.ClientAsync("mallory", "ingest");
        using var maria = await node.ClientAsync("maria", "approve");
        (await asker.PostAsync("/v1/windows", Request)).Require(201);
        (await maria.PostAsync("/v1/windows/w/approve", "")).Require(201);

        Assert.Equal(
            "only who requested a window, an approver or an administrator closes it",
            (await mallory.PostAsync("/v1/windows/w/close", "")).Require(409).Json.Text("reason"));
        Assert.Equal("open", (await node.GetAsync("/v1/windows/w")).Json.Text("state"));
        (await asker.PostAsync("/v1/windows/w/close", "")).Require(201);
    }

    [Fact]
    public async Task a_window_that_is_granted_backwards_says_so()
    {
        await using var node = await TestNode.StartAsync();
        using var asker = await node.ClientAsync("asker", "ingest");
        using var maria = await node.ClientAsync("maria", "approve");
        var hourAgo = DateTime.UtcNow.AddHours(-1).ToString("O");
        (await asker.PostAsync(
            "/v1/windows", Request.Replace("\"60s\"", $"\"2h\",\"opens_at\":\"{hourAgo}\""))).Require(201);
        (await maria.PostAsync("/v1/windows/w/approve", "")).Require(201);

        Assert.True((await node.GetAsync("/v1/windows/w")).Json.GetProperty("granted_after").GetBoolean());
    }
}
