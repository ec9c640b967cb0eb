using Audit.Node.Tests.Pages;
using Audit.Node.Tests.Support;
using Audit.Pages.Access;

namespace Audit.Node.Tests.Trust;

/// <summary>Who has the database and no key makes no token, no session and no source.</summary>
public sealed class UnprovenRowTests
{
    [Fact]
    public async Task a_token_row_inserted_by_sql_does_not_authenticate_and_is_counted()
    {
        await using var node = await TestNode.StartAsync();
        var token = TokenText.New();
        var hash = Convert.ToHexString(TokenText.HashOf(token).ToBytes());
        TokenTable.Run(
            node.StoreFile,
            $"""
            INSERT INTO tokens (name, sha256, roles, person, source_n, source, agents, tasks, sources, created_at, created_by, mac)
            SELECT 'mallory', x'{hash}', roles, person, source_n, source, agents, tasks, sources, created_at, created_by, mac
            FROM tokens WHERE name = 'admin'
            """);

        using var mallory = node.ClientWith(token);
        (await mallory.GetAnswerAsync("/v1/stats")).Problem(401);
        using var browser = new PageBrowser(node.Url);
        Assert.Contains("not known here", (await browser.SignInAsync(token)).Require(403).Text);
        var failures = (await node.GetAsync("/v1/stats")).Json.GetProperty("failures");
        Assert.True(failures.GetProperty("unproven rows of tokens").GetInt64() >= 2);
        var listed = (await node.GetAsync("/v1/tokens")).Json.GetProperty("items").EnumerateArray().ToDictionary(row => row.Text("name"));
        Assert.Equal((true, false), (listed["admin"].GetProperty("proven").GetBoolean(), listed["mallory"].GetProperty("proven").GetBoolean()));
    }

    [Theory]
    [InlineData("roles = 'admin'")]
    [InlineData("person = 'somebody'")]
    [InlineData("agents = ''")]
    [InlineData("tasks = ''")]
    [InlineData("source_n = 1, source = 'admin'")]
    [InlineData("expires_at = NULL")]
    [InlineData("created_by = 'ann'")]
    [InlineData("mac = x''")]
    public async Task a_token_row_edited_by_sql_does_not_authenticate(string edit)
    {
        await using var node = await TestNode.StartAsync();
        using var client = node.ClientWith(await node.TokenAsync("ci-7", ["read", "ingest"], agent: "a", task: "t", expires: "30d"));
        (await client.GetAnswerAsync("/v1/sessions")).Require(200);
        await node.StopAsync();
        TokenTable.Run(node.StoreFile, $"UPDATE tokens SET {edit} WHERE name = 'ci-7'");
        await node.StartAgainAsync();
        using var again = node.ClientWith(client.DefaultRequestHeaders.Authorization!.Parameter);
        (await again.GetAnswerAsync("/v1/sessions")).Problem(401);
    }

    [Fact]
    public async Task a_browser_session_inserted_by_sql_signs_nobody_in()
    {
        await using var node = await TestNode.StartAsync();
        using var browser = await PageBrowser.SignedInAsync(node, await node.TokenAsync("ann", ["read"]));
        var mine = PageSessions.NewSecret();
        var hash = Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.ASCII.GetBytes(mine)));
        TokenTable.Run(
            node.StoreFile,
            $"""
            INSERT INTO browser_sessions (sha256, token, token_sha256, created_at, expires_at, mac)
            SELECT x'{hash}', s.token, t.sha256, s.created_at, s.expires_at, s.mac FROM browser_sessions s, tokens t WHERE t.name = 'admin'
            """);
        using var thief = new PageBrowser(node.Url);
        thief.Cookies.Add(node.Url, new System.Net.Cookie("audit-session", mine));
        (await thief.GetAsync("/overview")).Require(303);

        // Nor does his own become the administrator's.
        TokenTable.Run(node.StoreFile, "UPDATE browser_sessions SET token_sha256 = (SELECT sha256 FROM tokens WHERE name = 'admin')");
        await node.RestartAsync();
        using var same = new PageBrowser(node.Url);
        foreach (System.Net.Cookie cookie in browser.Cookies.GetAllCookies())
        {
            same.Cookies.Add(node.Url, new System.Net.Cookie(cookie.Name, cookie.Value));
        }

        (await same.GetAsync("/overview")).Require(303);
    }

    [Fact]
    public async Task a_source_edited_by_sql_is_given_to_no_token()
    {
        await using var node = await TestNode.StartAsync();
        await node.TokenAsync("hooks", ["ingest"], source: "ci");
        TokenTable.Run(node.StoreFile, "UPDATE sources SET n = 7 WHERE name = 'ci'");
        var refused = await node.PostAsync("/v1/tokens", """{"name":"x","roles":["ingest"],"source":"ci"}""");
        Assert.Contains("not as a node of this store wrote it", refused.Problem(409));
    }
}
