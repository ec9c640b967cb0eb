using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using IPNetwork = System.Net.IPNetwork;

namespace Audit.Node.Hosting;

/// <summary>
/// What protects tokens and records on their way: TLS of the node's own, or a proxy that speaks it. Nothing else leaves
/// the machine unless its owner says so.
/// </summary>
internal static class Transport
{
    /// <exception cref="NodeStartException">An address is open to other machines in the clear.</exception>
    public static void RequireProtected(IEnumerable<string> urls, NodeOptions options)
    {
        if (options.TrustedProxy is null && !options.InsecureHttp && Unprotected(urls).FirstOrDefault() is { } open)
        {
            throw new NodeStartException(
                $"The node does not start: at {open} other machines would send their tokens in the clear. Accepted "
                + "are an "
                + "address with https:// and --certificate FILE, --trust-proxy ADDRESS for a proxy that speaks TLS, an "
                + "address of this machine alone such as http://127.0.0.1:5080, or --insecure-http, which is "
                + "written down.");
        }
    }

    /// <summary>The addresses at which other machines may come in the clear.</summary>
    public static IEnumerable<string> Unprotected(IEnumerable<string> urls) =>
        urls.Select(url => url.Trim()).Where(url => url.Length > 0).Where(url =>
            AddressOf(url) is { Scheme: "http", IsUnixPipe: false } address && !IsOfThisMachine(address.Host));

    /// <summary>Believes what the proxy says of where a request comes from, and whether it came by TLS.</summary>
    public static void UseProxy(IApplicationBuilder web, IPNetwork? proxy)
    {
        if (proxy is not { } trusted)
        {
            return;
        }

        var options = new ForwardedHeadersOptions
        {
            ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto,
        };
        options.KnownProxies.Clear();
        options.KnownIPNetworks.Clear();
        options.KnownIPNetworks.Add(trusted);
        web.UseForwardedHeaders(options);
    }

    /// <exception cref="NodeStartException">The files hold no certificate with its key.</exception>
    public static void UseCertificate(KestrelServerOptions kestrel, CertificateFiles? files)
    {
        if (files is null)
        {
            return;
        }

        var (certificate, chain) = Load(files);
        kestrel.ConfigureHttpsDefaults(https =>
        {
            https.ServerCertificate = certificate;
            https.ServerCertificateChain = chain;
        });
    }

    private static (X509Certificate2 Certificate, X509Certificate2Collection? Chain) Load(CertificateFiles files)
    {
        try
        {
            if (X509Certificate2.GetCertContentType(files.File) == X509ContentType.Pkcs12)
            {
                return (X509CertificateLoader.LoadPkcs12FromFile(files.File, password: null), null);
            }

            var chain = new X509Certificate2Collection();
            chain.ImportFromPemFile(files.File);
            return (X509Certificate2.CreateFromPemFile(files.File, files.KeyFile), chain);
        }
        catch (Exception failure) when (failure is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new NodeStartException(
                $"The certificate {files.File} cannot be used: {failure.Message} Accepted is PEM with its key in "
                + "--certificate-key FILE or in the same file, or PKCS #12 without a password.", failure);
        }
    }

    // What is no address the server refuses, with a sentence of its own.
    private static BindingAddress? AddressOf(string url)
    {
        try
        {
            return BindingAddress.Parse(url);
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private static bool IsOfThisMachine(string host) =>
        string.Equals(host, "localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));
}
