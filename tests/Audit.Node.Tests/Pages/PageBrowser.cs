using System.Net;
using System.Text.RegularExpressions;
using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Pages;

/// <summary>A client that does with cookies, forms and redirects what a browser does, and need not.</summary>
internal sealed partial class PageBrowser : IDisposable
{
    private readonly HttpClient http;

    public PageBrowser(Uri url)
    {
        var handler = new SocketsHttpHandler { CookieContainer = Cookies, AllowAutoRedirect = false };
        http = new HttpClient(handler) { BaseAddress = url };
        http.DefaultRequestHeaders.Accept.ParseAdd("text/html");
    }

    public CookieContainer Cookies { get; } = new();

    public HttpClient Http => http;

    public static async Task<PageBrowser> SignedInAsync(TestNode node, string token)
    {
        var browser = new PageBrowser(node.Url);
        (await browser.SignInAsync(token)).Require(303);
        return browser;
    }

    public async Task<Answer> SignInAsync(string token, string back = "/overview")
    {
        var form = await GetAsync("/sign-in?return=" + Uri.EscapeDataString(back));
        return await PostAsync("/sign-in", ("form_secret", SecretOf(form)), ("return", back), ("token", token));
    }

    public Task<Answer> GetAsync(string path) => http.AnswerAsync(HttpMethod.Get, path);

    public Task<Answer> PostAsync(string path, params (string Name, string Value)[] fields) => http.AnswerAsync(
        HttpMethod.Post, path, new FormUrlEncodedContent(fields.Select(field => KeyValuePair.Create(field.Name, field.Value))).ReadAsByteArrayAsync().Result,
        "application/x-www-form-urlencoded");

    public Task<Answer> PostJsonAsync(string path, string body) => http.PostAsync(path, body);

    /// <summary>Posts a form of a page that was loaded, with its secret.</summary>
    public async Task<Answer> SubmitAsync(string page, string path, params (string Name, string Value)[] fields) =>
        await PostAsync(path, [("form_secret", SecretOf((await GetAsync(page)).Require(200))), .. fields]);

    public static string SecretOf(Answer page) => Secret().Match(page.Text).Groups[1].Value;

    public void Dispose() => http.Dispose();

    [GeneratedRegex("name=\"form_secret\" value=\"([^\"]+)\"")]
    private static partial Regex Secret();
}
