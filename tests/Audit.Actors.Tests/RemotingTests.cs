using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Audit.Actors.Tests;

/// <summary>What protects the nodes' way to each other.</summary>
public sealed class RemotingTests : OwnStore
{
    private const string Tcp = "akka.remote.dot-netty.tcp";
    private const string Password = "of a test";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Theory]
    [InlineData($"{Tcp}.hostname = \"0.0.0.0\"")]
    [InlineData($"{Tcp}.hostname = \"\"")]
    [InlineData($"{Tcp}.hostname = \"node-1\"")]
    public async Task a_node_that_would_speak_to_other_machines_in_the_clear_does_not_start(string hocon)
    {
        var refusal = await Assert.ThrowsAsync<AkkaEngineException>(
            () => QuickCluster.StartAsync(Address, Store, new EngineOptions(), hocon));
        Assert.Contains("AUDIT_AKKA_CERTIFICATE", refusal.Message);
        Assert.Contains("--insecure-remoting", refusal.Message);
    }

    [Fact]
    public async Task who_insists_has_it_so_and_is_reminded_at_the_start()
    {
        var hocon = $"{QuickCluster.Hocon}\n{Tcp} {{ hostname = \"0.0.0.0\", public-hostname = \"127.0.0.1\" }}";
        await using var engine = await AkkaEngine.StartAsync(
            Store.Journal, Store.Seal, new EngineOptions(), new AkkaEngineOptions(Address, hocon, InsecureRemoting: true),
            CancellationToken.None);
        Assert.StartsWith("NO TLS between nodes", engine.Protection);
    }

    [Fact]
    public async Task nobodys_certificate_is_believed_unseen()
    {
        using var ca = new Authority();
        var refusal = await Assert.ThrowsAsync<AkkaEngineException>(() => QuickCluster.StartAsync(
            Address, Store, new EngineOptions(), Tls(ca.Issue(Place, "good")) + $"\n{Tcp}.ssl.suppress-validation = on"));
        Assert.Contains("suppress-validation", refusal.Message);
    }

    [Fact]
    public async Task nodes_with_certificates_of_one_authority_are_a_cluster_and_say_what_that_protects()
    {
        using var ca = new Authority();
        var trusted = ca.Save(Place, "ca.pem");
        await using var first = await StartNodeAsync("first", ca.Issue(Place, "first"), trusted, seed: null);
        var port = Port(first);
        await using var second = await StartNodeAsync("second", ca.Issue(Place, "second"), trusted, port);

        Assert.Contains("TLS between nodes: each checks the certificate of the one it calls", second.Printed);
        Assert.Contains("A caller without a certificate is not refused by this version of Akka.NET", second.Printed);
    }

    [Fact]
    public async Task a_node_joins_nobody_whose_certificate_is_of_another_authority_or_name_or_expired()
    {
        using var ca = new Authority();
        using var other = new Authority();
        var trusted = ca.Save(Place, "ca.pem");
        string[] wrong =
        [
            other.Issue(Place, "other"),
            ca.Issue(Place, "elsewhere", dns: "elsewhere.audit.example"),
            ca.Issue(Place, "expired", until: DateTimeOffset.UtcNow.AddMinutes(-1)),
        ];
        var joining = wrong.Select(certificate => JoinAsync(certificate, ca.Issue(Place, "own"), trusted));
        foreach (var (printed, members) in await Task.WhenAll(joining))
        {
            Assert.Contains("was not let into the cluster", printed);
            Assert.Equal(1, members);
        }
    }

    /// <summary>A cluster of one in this process, and another process that would join it.</summary>
    private async Task<(string Printed, int Members)> JoinAsync(string seedCertificate, string own, string trusted)
    {
        await using var seed = (AkkaEngine)await QuickCluster.StartAsync(Address, Store, new EngineOptions(), Tls(seedCertificate));
        var name = Path.GetFileNameWithoutExtension(seedCertificate);
        var data = Directory.CreateDirectory(Place.File($"joins-{name}")).FullName;
        var hocon = Place.File($"{name}.conf");
        await File.WriteAllTextAsync(hocon, "audit.cluster.join-timeout = 8s");
        using var process = NodeProcess.Start(
            Path.Combine(AppContext.BaseDirectory, "audit.dll"), data,
            ["serve", "--data", data, "--engine", "akka", "--hocon", hocon, "--urls", "http://127.0.0.1:0"],
            Environment(own, trusted, int.Parse(seed.Cluster.Self.Split(':')[^1])));
        var noted = process.StandardError.ReadToEndAsync();
        var printed = process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync().WaitAsync(Patience);
        Assert.NotEqual(0, process.ExitCode);
        return (await printed + await noted, seed.Cluster.Members.Count);
    }

    private Task<NodeProcess> StartNodeAsync(string name, string certificate, string trusted, int? seed) => NodeProcess.StartAsync(
        Path.Combine(AppContext.BaseDirectory, "audit.dll"), Place.File($"node-{name}"),
        ["--engine", "akka", "--urls", "http://127.0.0.1:0"], Environment(certificate, trusted, seed));

    private static Dictionary<string, string> Environment(string certificate, string trusted, int? seed)
    {
        var environment = new Dictionary<string, string>
        {
            ["AUDIT_AKKA_PORT"] = "0",
            ["AUDIT_AKKA_CERTIFICATE"] = certificate,
            ["AUDIT_AKKA_CERTIFICATE_PASSWORD"] = Password,
            ["SSL_CERT_FILE"] = trusted,
        };
        if (seed is { } port)
        {
            environment["AUDIT_AKKA_SEEDS"] = $"127.0.0.1:{port}";
        }

        return environment;
    }

    /// <summary>Which port a node took, from its own account of the cluster.</summary>
    private static int Port(NodeProcess node)
    {
        using var http = new HttpClient();
        http.DefaultRequestHeaders.Authorization = new("Bearer", node.Token);
        using var stats = System.Text.Json.JsonDocument.Parse(http.GetStringAsync(new Uri(node.Url, "/v1/stats")).Result);
        return int.Parse(stats.RootElement.GetProperty("cluster").GetProperty("self").GetString()!.Split(':')[^1]);
    }

    private static string Tls(string certificate) => $$"""

        {{Tcp}} {
          enable-ssl = on
          ssl.certificate { path = "{{certificate}}", password = "{{Password}}" }
        }
        """;

    /// <summary>Signs certificates.</summary>
    private sealed class Authority : IDisposable
    {
        private readonly RSA key = RSA.Create(2048);
        private readonly X509Certificate2 certificate;

        public Authority()
        {
            var request = new CertificateRequest("CN=authority of a test", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
            request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
            certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-2), DateTimeOffset.UtcNow.AddDays(1));
        }

        public string Save(TemporaryDirectory directory, string name)
        {
            File.WriteAllText(directory.File(name), certificate.ExportCertificatePem());
            return directory.File(name);
        }

        /// <returns>The file of a certificate and its key.</returns>
        public string Issue(
            TemporaryDirectory directory, string name, string dns = "cluster.audit.example", DateTimeOffset? until = null)
        {
            using var own = RSA.Create(2048);
            var request = new CertificateRequest($"CN={name}", own, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
            var names = new SubjectAlternativeNameBuilder();
            names.AddDnsName(dns);
            request.CertificateExtensions.Add(names.Build());
            using var signed = request.Create(
                certificate, DateTimeOffset.UtcNow.AddDays(-1), until ?? DateTimeOffset.UtcNow.AddHours(12), RandomNumberGenerator.GetBytes(8));
            using var whole = signed.CopyWithPrivateKey(own);
            var file = directory.File($"{name}.p12");
            File.WriteAllBytes(file, whole.Export(X509ContentType.Pkcs12, Password));
            return file;
        }

        public void Dispose()
        {
            certificate.Dispose();
            key.Dispose();
        }
    }
}
