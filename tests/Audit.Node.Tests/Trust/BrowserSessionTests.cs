using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Audit.Node.Tests.Pages;
using Audit.Node.Tests.Support;
using Audit.Journal.Stores;
using Audit.Storage.Sqlite;

namespace Audit.Node.Tests.Trust;

/// <summary>Points 7 and 13 of what was done: a copy of the database, and a cookie after its end.</summary>
public sealed class BrowserSessionTests
{
    [Trait("Point", "7")]
    [Fact]
    public async Task a_copy_of_the_database_gives_no_sign_in()
    {
        await using var node = await TestNode.StartAsync();
        using var browser = await PageBrowser.SignedInAsync(node, node.AdminToken);
        (await browser.GetAsync("/overview")).Require(200);
        var cookie = browser.Cookies.GetAllCookies().Single(one => one.Name == "audit-session").Value;
        var stored = await TableBytesAsync(node);

        // Whatever is in the tables is tried as the cookie: in the forms in which a program would find it there.
        Assert.DoesNotContain(cookie, Encoding.Latin1.GetString(File.ReadAllBytes(node.StoreFile)));
        foreach (var bytes in stored)
        {
            foreach (var value in new[] { Convert.ToBase64String(bytes), Convert.ToHexString(bytes), Encoding.Latin1.GetString(bytes) })
            {
                using var thief = new PageBrowser(node.Url);
                var asCookie = value.Replace('+', '-').Replace('/', '_').TrimEnd('=');
                if (Regex.IsMatch(asCookie, "^[A-Za-z0-9_-]{1,500}$"))
                {
                    thief.Cookies.Add(node.Url, new Cookie("audit-session", asCookie));
                    (await thief.GetAsync("/overview")).Require(303);
                }
            }
        }
    }

    [Trait("Point", "7")]
    [Fact]
    public async Task no_secret_for_pages_lies_in_the_database()
    {
        await using var node = await TestNode.StartAsync();
        using var browser = await PageBrowser.SignedInAsync(node, node.AdminToken);
        var names = await ReadAsync(node, "SELECT key FROM meta", row => row.Text(0));
        Assert.DoesNotContain(names, name => name.Contains("session") || name.Contains("cookie"));
    }

    [Trait("Point", "13")]
    [Fact]
    public async Task a_signed_out_cookie_does_not_work_again_after_a_restart()
    {
        await using var node = await TestNode.StartAsync();
        using var browser = await PageBrowser.SignedInAsync(node, node.AdminToken);
        var cookies = browser.Cookies.GetAllCookies();
        (await browser.SubmitAsync("/overview", "/sign-out")).Require(303);
        await RequireEndedAsync(node, cookies);
        await node.RestartAsync();
        await RequireEndedAsync(node, cookies);
    }

    [PostgresFact]
    public async Task a_sign_out_at_one_node_ends_the_session_at_the_other()
    {
        await using var database = await PostgresServer.CreateDatabaseAsync();
        await using var one = await TestNode.StartAsync("postgres:" + database.ConnectionString);
        await using var other = await one.StartBesideAsync();
        var token = await one.TokenAsync("ann", ["read"]);
        using var browser = await PageBrowser.SignedInAsync(one, token);
        var cookies = browser.Cookies.GetAllCookies();
        using var there = WithCookies(other, cookies);
        (await there.GetAsync("/overview")).Require(200);
        (await browser.SubmitAsync("/overview", "/sign-out")).Require(303);
        await Patience.UntilAsync(async () => (await there.GetAsync("/overview")).Status == 303, "the other node knows");
    }

    [Fact]
    public async Task a_session_ends_when_its_token_is_revoked_while_no_node_runs()
    {
        await using var node = await TestNode.StartAsync();
        using var browser = await PageBrowser.SignedInAsync(node, await node.TokenAsync("ann", ["read"]));
        var cookies = browser.Cookies.GetAllCookies();
        await node.StopAsync();
        await using (var store = await AuditStore.OpenAsync(
            node.Options.Store, node.Options.OpenRowKeys, CancellationToken.None))
        {
            Assert.True(await store.Tokens.RevokeAsync("ann", DateTimeOffset.UtcNow, CancellationToken.None));
        }

        await node.StartAgainAsync();
        await RequireEndedAsync(node, cookies);
        Assert.Empty(await ReadAsync(node, "SELECT token FROM browser_sessions WHERE token = 'ann'", row => row.Text(0)));
    }

    [Trait("Point", "15")]
    [Fact]
    public async Task signing_in_and_out_is_in_the_book()
    {
        await using var node = await TestNode.StartAsync();
        using var browser = await PageBrowser.SignedInAsync(node, await node.TokenAsync("ann-1", ["read"], person: "ann"));
        (await browser.SubmitAsync("/overview", "/sign-out")).Require(303);
        var acts = (await node.GetAsync("/v1/events?limit=1000")).Json.GetProperty("items").EnumerateArray()
            .Select(item => item.GetProperty("event")).Where(item => item.TryGetProperty("act", out var act) && act.GetString()!.StartsWith("person."))
            .ToList();
        Assert.Equal(["person.signed_in", "person.signed_out"], acts.Select(act => act.Text("act")));
        Assert.All(acts, act => Assert.Equal("ann", act.GetProperty("detail").Text("person")));
        Assert.Equal("127.0.0.0/24", acts[0].GetProperty("detail").Text("from"));
    }

    private static PageBrowser WithCookies(TestNode node, CookieCollection cookies)
    {
        var browser = new PageBrowser(node.Url);
        foreach (Cookie cookie in cookies)
        {
            browser.Cookies.Add(node.Url, new Cookie(cookie.Name, cookie.Value));
        }

        return browser;
    }

    private static async Task RequireEndedAsync(TestNode node, CookieCollection cookies)
    {
        using var copied = WithCookies(node, cookies);
        (await copied.GetAsync("/overview")).Require(303);
    }

    private static async Task<List<byte[]>> TableBytesAsync(TestNode node) =>
    [
        .. await ReadAsync(node, "SELECT value FROM meta", row => row.Blob(0)),
        .. await ReadAsync(node, "SELECT sha256 FROM browser_sessions", row => row.Blob(0)),
        .. await ReadAsync(node, "SELECT token_sha256 FROM browser_sessions", row => row.Blob(0)),
        .. await ReadAsync(node, "SELECT mac FROM browser_sessions", row => row.Blob(0)),
    ];

    private static async Task<List<T>> ReadAsync<T>(TestNode node, string sql, Func<IStoredRow, T> read)
    {
        using var database = SqliteDatabase.OpenReader(node.StoreFile);
        return await new SqliteSession(database).QueryAsync(sql, [], read, CancellationToken.None);
    }
}
