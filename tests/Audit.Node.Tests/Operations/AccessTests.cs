using Audit.Node.Tests.Support;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Audit.Node.Tests.Operations;

public sealed class AccessTests : IAsyncLifetime
{
    private readonly SettableClock clock = new();
    private TestNode node = null!;

    public async Task InitializeAsync() => node = await TestNode.StartAsync(clock: clock);

    public async Task DisposeAsync() => await node.DisposeAsync();

    [Fact]
    public void every_endpoint_says_who_may()
    {
        var endpoints = node.Running.Services.GetRequiredService<EndpointDataSource>().Endpoints;

        Assert.NotEmpty(endpoints);
        Assert.All(endpoints, endpoint => Assert.NotNull(endpoint.Metadata.GetMetadata<AccessRule>()));
        Assert.Equal(
            ["/", "/assets/{hash}/{name}", "/health/live", "/health/ready", "/health/sealing", "/sign-in", "/sign-in"],
            endpoints.OfType<RouteEndpoint>().Where(endpoint => endpoint.Metadata.GetMetadata<AccessRule>()!.AnyOf == Roles.None)
                .Select(endpoint => endpoint.RoutePattern.RawText!).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("wrong")]
    [InlineData("aat_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public async Task without_a_known_token_it_is_401(string? token)
    {
        using var client = node.ClientWith(token);
        var answer = await client.GetAnswerAsync("/v1/stats");

        answer.Problem(401);
        Assert.StartsWith("Bearer", answer.Headers["WWW-Authenticate"]);
        Assert.Contains("Bearer <token>", (await node.ClientWith(null).GetAnswerAsync("/v1/stats")).Problem(401));
    }

    [Fact]
    public async Task another_scheme_is_401()
    {
        using var client = node.ClientWith(null);
        var answer = await client.AnswerAsync(
            HttpMethod.Get, "/v1/stats", change: request => request.Headers.TryAddWithoutValidation("Authorization", "Basic abc"));

        answer.Problem(401);
    }

    [Theory]
    [InlineData("ingest", "GET", "/v1/events", "read")]
    [InlineData("ingest", "GET", "/v1/tokens", "admin")]
    [InlineData("read", "POST", "/v1/records", "ingest")]
    [InlineData("read", "POST", "/v1/windows/w/approve", "approve")]
    [InlineData("approve", "GET", "/metrics", "read")]
    [InlineData("ingest", "GET", "/v1/stats", "read")]
    public async Task without_the_role_it_is_403_and_the_role_is_named(string role, string method, string path, string needed)
    {
        using var client = await node.ClientAsync("somebody", role);
        var answer = await client.AnswerAsync(new HttpMethod(method), path);

        Assert.EndsWith($": {needed}.", answer.Problem(403));
        Assert.Contains("insufficient_scope", answer.Headers["WWW-Authenticate"]);
    }

    [Fact]
    public async Task a_token_is_made_listed_and_revoked_and_each_act_is_written_down()
    {
        var made = (await node.PostAsync("/v1/tokens", """{"name":"ci-7","roles":["ingest","read"],"source":"ci","agents":["a-1"],"tasks":["t-1"]}""")).Require(201).Json;
        var token = made.Text("token");
        Assert.Matches("^aat_[A-Za-z0-9_-]{43}$", token);
        using var client = node.ClientWith(token);
        (await client.GetAnswerAsync("/v1/sessions")).Require(200);
        var listed = (await node.GetAsync("/v1/tokens")).Require(200);
        Assert.DoesNotContain(token, listed.Text);
        var row = listed.Json.GetProperty("items").EnumerateArray().Single(item => item.Text("name") == "ci-7");
        Assert.Equal(("a-1", "t-1"), (row.Texts("agents").Single(), row.Texts("tasks").Single()));
        Assert.Equal(["ingest", "read"], row.GetProperty("roles").EnumerateArray().Select(role => role.GetString()));

        (await node.Http.AnswerAsync(HttpMethod.Delete, "/v1/tokens/ci-7")).Require(204);
        (await client.GetAnswerAsync("/v1/sessions")).Problem(401);
        (await node.Http.AnswerAsync(HttpMethod.Delete, "/v1/tokens/ci-7")).Problem(404);
        (await node.PostAsync("/v1/tokens", """{"name":"ci-7","roles":["read"]}""")).Problem(409);
        Assert.NotNull((await node.GetAsync("/v1/tokens")).Json.GetProperty("items").EnumerateArray()
            .Single(item => item.Text("name") == "ci-7").Text("revoked_at"));
        var acts = (await node.GetAsync("/v1/events")).Json.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("event"))
            .Where(act => act.Text("act") != "read").ToList();
        Assert.Equal(["node.started", "source.created", "source.created", "token.created", "token.revoked"], acts.Select(act => act.Text("act")));
        Assert.All(acts.Skip(2), act => Assert.Equal("admin", act.Text("token")));
        Assert.DoesNotContain(token, (await node.GetAsync("/v1/events")).Text);
    }

    [Fact]
    public async Task a_name_with_a_slash_is_revoked_encoded()
    {
        await node.TokenAsync("team/ci 7", ["read"]);

        (await node.Http.AnswerAsync(HttpMethod.Delete, "/v1/tokens/" + Uri.EscapeDataString("team/ci 7"))).Require(204);
    }

    [Theory]
    [InlineData("{}", "name")]
    [InlineData("""{"name":"x"}""", "roles")]
    [InlineData("""{"name":"x","roles":[]}""", "roles")]
    [InlineData("""{"name":"x","roles":["root"]}""", "roles")]
    [InlineData("""{"name":"x","roles":"admin"}""", "roles")]
    [InlineData("""{"name":"a\nb","roles":["read"]}""", "name")]
    [InlineData("""{"name":"","roles":["read"]}""", "name")]
    [InlineData("""{"name":"x","roles":["read"],"agents":[""]}""", "agents[0]")]
    [InlineData("""{"name":"x","roles":["read"],"name":"y"}""", "name")]
    [InlineData("""{"name":"x","roles":["read"],"agent":"a"}""", "agent")]
    [InlineData("""{"name":"x","roles":["read"],"expires":"soon"}""", "expires")]
    [InlineData("""{"name":"x","roles":["ingest"]}""", "source")]
    [InlineData("", "name")]
    [InlineData("{", "not JSON")]
    public async Task a_token_that_cannot_be_is_422_and_says_where(string body, string place) =>
        Assert.Contains(place, (await node.PostAsync("/v1/tokens", body)).Problem(422));

    [Fact]
    public async Task a_revocation_on_another_node_is_effective_soon()
    {
        using var client = await node.ClientAsync("ci-7", "read");
        (await client.GetAnswerAsync("/v1/stats")).Require(200);
        await node.Running.Services.GetRequiredService<ITokenStore>().RevokeAsync("ci-7", DateTimeOffset.UtcNow, CancellationToken.None);
        clock.Advance(TimeSpan.FromSeconds(6));

        (await client.GetAnswerAsync("/v1/stats")).Problem(401);
    }

    [Fact]
    public async Task a_bound_token_writes_of_its_own_agent_and_task_only()
    {
        using var bound = await node.ClientAsync("bound", "ingest", agent: "a-1", task: "t-1");
        var other = await bound.PostAsync("/v1/records", Records.Item("s-1", "c-1", Records.Completed(), task: "t-2"));
        var silent = await bound.PostAsync("/v1/records", Records.Item("s-1", "c-2", Records.Completed()));
        var header = await bound.AnswerAsync(
            HttpMethod.Post, "/v1/records", "{}"u8.ToArray(), "application/json", change: request => request.Headers.Add("Audit-Task", "t-2"));

        Assert.StartsWith("task_id:", other.Require(422).Json.Text("error"));
        silent.Require(201);
        Assert.Contains("t-1", header.Problem(403));
        var row = (await node.GetAsync("/v1/events?session=s-1")).Json.GetProperty("items")[0].GetProperty("event");
        Assert.Equal(("a-1", "t-1", "bound"), (row.Text("agent"), row.Text("task_id"), row.Text("token")));
    }
}
