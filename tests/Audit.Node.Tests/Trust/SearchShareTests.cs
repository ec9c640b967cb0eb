using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Trust;

/// <summary>Trust, 14: no query keeps others out.</summary>
public sealed class SearchShareTests
{
    [Trait("Point", "14")]
    [Fact]
    public async Task a_query_of_320_globs_is_refused_with_a_sentence()
    {
        await using var node = await TestNode.StartAsync();
        await node.RecordAsync(Records.Item("s-1", "c-1", Records.Completed(), tool: "sql.query"));
        using var reader = await node.ClientAsync("ann", "read");
        var globs = string.Join(',', Enumerable.Range(0, 64).Select(number => $"*{number}"));
        var query = string.Join(' ', new[] { "tool", "session", "agent", "task", "by" }.Select(key => $"{key}:{globs}"));
        Assert.Contains("at most 16 patterns", (await reader.GetAnswerAsync("/v1/search?q=" + Uri.EscapeDataString(query))).Problem(400));
        var negated = string.Join(' ', Enumerable.Range(0, 17).Select(number => $"-tool:*{number}"));
        Assert.Contains("at most 16 patterns", (await reader.GetAnswerAsync("/v1/search?q=" + Uri.EscapeDataString(negated))).Problem(400));
        var spread = string.Join(" OR ", Enumerable.Range(0, 10).Select(number => $"(tool:*{number}x session:*{number}y)"));
        Assert.Contains("at most 16 patterns", (await reader.GetAnswerAsync("/v1/search?q=" + Uri.EscapeDataString(spread))).Problem(400));
        var doubled = string.Join(' ', Enumerable.Range(0, 30).Select(number => $"(after:{number + 1}d OR input.x:{number})"));
        Assert.Contains("alternatives", (await reader.GetAnswerAsync("/v1/search?q=" + Uri.EscapeDataString(doubled))).Problem(400));
    }

    [Fact]
    public async Task who_has_searched_its_share_waits_and_nobody_else_does()
    {
        var clock = new SettableClock();
        var quota = new SearchQuota(clock);
        var (ann, bob) = (new Bearer("ann", Roles.Read), new Bearer("bob", Roles.Read));
        for (var searched = TimeSpan.Zero; searched < SearchQuota.Budget; searched += SearchQuota.Longest - TimeSpan.FromSeconds(1))
        {
            await quota.AskAsync(ann, default, _ =>
            {
                clock.Advance(SearchQuota.Longest - TimeSpan.FromSeconds(1));
                return Task.FromResult(0);
            });
        }

        clock.Advance(TimeSpan.FromMilliseconds(1));
        var refused = await Assert.ThrowsAsync<RefusedException>(() => Many(quota, ann, clock));
        Assert.Equal(429, refused.Problem.Status);
        Assert.Equal(1, await quota.AskAsync(bob, default, _ => Task.FromResult(1)));
        clock.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(1, await quota.AskAsync(ann, default, _ => Task.FromResult(1)));
    }

    [Fact]
    public async Task a_search_that_takes_too_long_is_ended()
    {
        var quota = new SearchQuota(TimeProvider.System);
        var refused = await Assert.ThrowsAsync<RefusedException>(() => quota.AskAsync(
            new Bearer("ann", Roles.Read), default, async cancellation =>
            {
                await Task.Delay(Timeout.Infinite, cancellation);
                return 0;
            }));
        Assert.Equal("search-too-long", refused.Problem.Kind);
    }

    [Fact]
    public async Task a_search_ends_with_its_request()
    {
        var quota = new SearchQuota(TimeProvider.System);
        using var request = new CancellationTokenSource();
        var search = quota.AskAsync(new Bearer("ann", Roles.Read), request.Token, async cancellation =>
        {
            await Task.Delay(Timeout.Infinite, cancellation);
            return 0;
        });
        await request.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => search);
    }

    private static async Task<int> Many(SearchQuota quota, Bearer bearer, SettableClock clock)
    {
        for (var more = 0; more < 10; more++)
        {
            await quota.AskAsync(bearer, default, _ =>
            {
                clock.Advance(TimeSpan.FromSeconds(4));
                return Task.FromResult(0);
            });
        }

        return 0;
    }
}
