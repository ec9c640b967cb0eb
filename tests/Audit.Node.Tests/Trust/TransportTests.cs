using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Audit.Node.Tests.Pages;
using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Trust;

/// <summary>Points 17 and 18: what protects tokens and answers on their way.</summary>
public sealed class TransportTests
{
    [Trait("Point", "17")]
    [Theory]
    [InlineData("http://0.0.0.0:0")]
    [InlineData("http://*:0")]
    [InlineData("http://127.0.0.1:0;http://[::]:0")]
    public async Task a_node_that_other_machines_would_reach_in_the_clear_ends_with_a_sentence(string urls)
    {
        var refused = await Assert.ThrowsAsync<NodeStartException>(
            () => TestNode.StartAsync(change: options => options with { Urls = urls }));
        Assert.Contains("--certificate", refused.Message);
        Assert.Contains("--trust-proxy", refused.Message);
        Assert.Contains("--insecure-http", refused.Message);
    }

    [Fact]
    public async Task who_lets_tokens_travel_in_the_clear_is_written_down()
    {
        await using var node = await TestNode.StartAsync(change: options => options with { Urls = "http://0.0.0.0:0", InsecureHttp = true });
        using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{node.Url.Port}") };
        client.DefaultRequestHeaders.Authorization = new("Bearer", node.AdminToken);
        Assert.Contains("node.insecure_http", (await client.GetAnswerAsync("/v1/events")).Require(200).Text);
    }

    [Trait("Point", "17")]
    [Fact]
    public async Task behind_a_proxy_that_speaks_tls_cookies_are_secure_and_of_this_host_alone()
    {
        await using var node = await TestNode.StartAsync(
            change: options => options with { TrustedProxy = IPNetwork.Parse("127.0.0.1/32") });
        var cookie = await SignInCookieAsync(node);
        Assert.StartsWith("__Host-audit-sign-in=", cookie);
        Assert.Contains("; secure", cookie);
        Assert.Contains("; path=/", cookie);
        Assert.DoesNotContain("domain=", cookie);
    }

    [Fact]
    public async Task what_anybody_else_says_of_a_request_is_not_believed()
    {
        await using var node = await TestNode.StartAsync(
            change: options => options with { TrustedProxy = IPNetwork.Parse("192.0.2.1/32") });
        Assert.DoesNotContain("secure", await SignInCookieAsync(node));
        await using var without = await TestNode.StartAsync();
        Assert.DoesNotContain("secure", await SignInCookieAsync(without));
    }

    [Fact]
    public async Task a_node_with_a_certificate_speaks_tls_and_signs_in_by_secure_cookies()
    {
        using var directory = new TemporaryDirectory();
        var (certificate, key) = MakeCertificate(directory);
        await using var node = await TestNode.StartAsync(
            change: options => options with { Urls = "https://0.0.0.0:0", Certificate = new CertificateFiles(certificate, key) });
        using var handler = new SocketsHttpHandler { AllowAutoRedirect = false };
        handler.SslOptions.RemoteCertificateValidationCallback = (_, shown, _, _) => shown!.Subject == "CN=audit.example";
        using var http = new HttpClient(handler) { BaseAddress = new Uri($"https://127.0.0.1:{node.Url.Port}") };

        var form = await http.GetAnswerAsync("/sign-in");
        Assert.StartsWith("__Host-audit-sign-in=", form.Require(200).Headers["Set-Cookie"]);
        http.DefaultRequestHeaders.Authorization = new("Bearer", node.AdminToken);
        (await http.GetAnswerAsync("/v1/stats")).Require(200);
    }

    [Trait("Point", "18")]
    [Theory]
    [InlineData("/overview")]
    [InlineData("/v1/sessions")]
    [InlineData("/v1/tokens")]
    [InlineData("/v1/sessions/none")]
    [InlineData("/v1/export?format=ndjson")]
    [InlineData("/v1/log")]
    [InlineData("/checkpoint")]
    [InlineData("/nothing")]
    [InlineData("/metrics")]
    public async Task nobody_on_the_way_keeps_what_the_book_says(string path)
    {
        await using var node = await TestNode.StartAsync();
        using var browser = await PageBrowser.SignedInAsync(node, node.AdminToken);
        Assert.Equal("no-store", (await browser.GetAsync(path)).Headers["Cache-Control"]);
        Assert.Equal("no-store", (await node.RecordAsync(Records.Item("s", "c", Records.Completed()))).Headers["Cache-Control"]);
        Assert.Equal("no-store", (await node.ClientWith(null).GetAnswerAsync("/v1/sessions")).Headers["Cache-Control"]);
    }

    private static async Task<string> SignInCookieAsync(TestNode node)
    {
        using var client = node.ClientWith(null);
        var answer = await client.AnswerAsync(
            HttpMethod.Get, "/sign-in", change: request =>
            {
                request.Headers.Add("X-Forwarded-Proto", "https");
                request.Headers.Add("X-Forwarded-For", "198.51.100.7");
            });
        return answer.Require(200).Headers["Set-Cookie"];
    }

    private static (string Certificate, string Key) MakeCertificate(TemporaryDirectory directory)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=audit.example", key, HashAlgorithmName.SHA256);
        using var made = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        var (certificate, secret) = (directory.File("tls.crt"), directory.File("tls.key"));
        File.WriteAllText(certificate, made.ExportCertificatePem());
        File.WriteAllText(secret, key.ExportPkcs8PrivateKeyPem());
        return (certificate, secret);
    }
}
