using Akka.Configuration;

namespace Audit.Actors.Configuration;

/// <summary>What the environment says of this one node: where it is, whom it joins, and its certificate.</summary>
internal static class EnvironmentSettings
{
    public const string Host = "AUDIT_AKKA_HOST", Port = "AUDIT_AKKA_PORT", Seeds = "AUDIT_AKKA_SEEDS",
        Certificate = "AUDIT_AKKA_CERTIFICATE", CertificatePassword = "AUDIT_AKKA_CERTIFICATE_PASSWORD";

    private const StringSplitOptions Parts = StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries;

    private const string Tcp = "akka.remote.dot-netty.tcp";

    /// <exception cref="AkkaEngineException">A value is not what is accepted.</exception>
    public static Config Read(Func<string, string?> environment)
    {
        var lines = new List<string>();
        Add(lines, environment(Host), $"{Tcp}.hostname", Quoted);
        Add(lines, environment(Port), $"{Tcp}.port", PortNumber);
        Add(lines, environment(Seeds), "audit.cluster.seeds", SeedList);
        if (environment(Certificate) is { Length: > 0 } certificate)
        {
            lines.Add($"{Tcp}.enable-ssl = on");
            lines.Add($"{Tcp}.ssl.certificate.path = {Quoted(certificate)}");
            Add(lines, environment(CertificatePassword), $"{Tcp}.ssl.certificate.password", Quoted);
        }

        return ConfigurationFactory.ParseString(string.Join('\n', lines));
    }

    private static void Add(List<string> lines, string? value, string key, Func<string, string> write)
    {
        if (!string.IsNullOrEmpty(value))
        {
            lines.Add($"{key} = {write(value)}");
        }
    }

    private static string PortNumber(string value) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port <= 65535
            ? value
            : throw new AkkaEngineException($"{Port} \"{value}\" is not accepted; accepted is a port from 0 to 65535.");

    private static string SeedList(string value) =>
        $"[{string.Join(", ", value.Split(',', Parts).Select(Quoted))}]";

    internal static string Quoted(string value) =>
        $"\"{value.Replace(@"\", @"\\").Replace("\"", "\\\"")}\"";
}
