using System.Collections.Frozen;
using System.Security.Cryptography;

namespace Audit.Pages.Assets;

/// <summary>Style, scripts and the icon, as they lie in the program. Their address changes with their content, so that it is kept for ever.</summary>
internal static class AssetFiles
{
    private const string Prefix = "assets/";

    private static readonly FrozenDictionary<string, byte[]> Files = Read().ToFrozenDictionary();

    public static string Hash { get; } = HashOf();

    public static string Base { get; } = "/assets/" + Hash;

    public static byte[]? Find(string name) => Files.GetValueOrDefault(name);

    public static string TypeOf(string name) => Path.GetExtension(name) switch
    {
        ".css" => "text/css; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".svg" => "image/svg+xml",
        var other => throw new InvalidOperationException($"No type is known for {other}."),
    };

    private static Dictionary<string, byte[]> Read()
    {
        var assembly = typeof(AssetFiles).Assembly;
        return assembly.GetManifestResourceNames().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)).ToDictionary(
            name => name[Prefix.Length..],
            name =>
            {
                using var stream = assembly.GetManifestResourceStream(name)!;
                var bytes = new byte[stream.Length];
                stream.ReadExactly(bytes);
                return bytes;
            });
    }

    private static string HashOf()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (name, bytes) in Files.OrderBy(file => file.Key, StringComparer.Ordinal))
        {
            hash.AppendData(System.Text.Encoding.UTF8.GetBytes($"{name}\n{bytes.Length}\n"));
            hash.AppendData(bytes);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 8));
    }
}
