using System.Security.Cryptography;

namespace Audit.Integrity.Notes;

/// <summary>
/// The log's key in a file that only its owner may read. Beside it, in `.pub`, lies the verifier key, which anybody may
/// have.
/// </summary>
public sealed class KeyFile(string path) : ILogKeyring
{
    private const string OriginPrefix = "audit.local/";
    private const int OriginBytes = 8;
    private const UnixFileMode Anybody = OwnerOnly.Mode | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    private const UnixFileMode Others =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    public string Path { get; } = path;

    public string PublicPath => Path + ".pub";

    private string NextPath => Path + ".next";

    public ILogSigner? Find() => Find(Path);

    public ILogSigner? Find(VerifierKey key) =>
        Places().Select(Find).FirstOrDefault(found => found?.Key == key);

    public async Task<ILogSigner> CreateAsync(string? origin, Func<ILogSigner, Task>? begin = null)
    {
        origin ??= OriginPrefix + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(OriginBytes));
        if (Find() is { } present)
        {
            if (present.Key.Name == origin)
            {
                return present;
            }

            KeepAside();
        }
        var signer = Ed25519Signer.Generate(origin);
        if (begin is not null)
        {
            await begin(signer);
        }

        OwnerOnly.Replace(Path, Encoding.UTF8.GetBytes(signer.ToSecretText() + "\n"));
        Publish(signer.Key);
        return signer;
    }

    public ILogSigner Next(VerifierKey old)
    {
        var begun = Find(NextPath);
        if (begun?.Key == old)
        {
            // It is in use already, and whoever put it there did not come to keep it.
            Keep(begun);
        }
        else if (begun?.Key.Name == old.Name)
        {
            return begun;
        }

        var signer = Ed25519Signer.Generate(old.Name);
        OwnerOnly.Replace(NextPath, Encoding.UTF8.GetBytes(signer.ToSecretText() + "\n"));
        return signer;
    }

    public void Keep(ILogSigner next)
    {
        KeepAside();
        OwnerOnly.Move(NextPath, Path);
        Publish(next.Key);
    }

    /// <summary>Writes down the public half of the key that is in use.</summary>
    public void Publish(VerifierKey key) => OwnerOnly.Replace(PublicPath, Encoding.UTF8.GetBytes(key + "\n"), Anybody);

    /// <summary>Takes the key out of use; it may be wanted for as long as both sign.</summary>
    public void KeepAside()
    {
        if (!File.Exists(Path))
        {
            return;
        }

        var number = 1;
        while (File.Exists(AsideOf(Path, number)))
        {
            number++;
        }

        File.Move(Path, AsideOf(Path, number));
        if (File.Exists(PublicPath))
        {
            File.Move(PublicPath, AsideOf(PublicPath, number), overwrite: true);
        }
    }

    /// <summary>The verifier key of a file with either half of a key; null where there is no such file.</summary>
    /// <exception cref="NoteFormatException">The file holds no key.</exception>
    /// <exception cref="LogKeyException">The file holds a private key that cannot be used.</exception>
    public static VerifierKey? FindVerifierKey(string path)
    {
        var file = new KeyFile(path);
        var text = new[] { file.PublicPath, path }.FirstOrDefault(File.Exists);
        if (text is null)
        {
            return null;
        }

        var key = File.ReadAllText(text).TrimEnd('\n');
        return key.StartsWith(Ed25519Signer.Prefix, StringComparison.Ordinal)
            ? file.Find()?.Key
            : VerifierKey.Parse(key);
    }

    /// <summary>Where a key may lie: in use, on its way to that, and kept aside, the newest first.</summary>
    private IEnumerable<string> Places()
    {
        var aside = new List<string>();
        for (var number = 1; File.Exists(AsideOf(Path, number)); number++)
        {
            aside.Insert(0, AsideOf(Path, number));
        }

        return [Path, NextPath, .. aside];
    }

    private static ILogSigner? Find(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & Others) != 0)
        {
            throw new LogKeyException($"The log key {path} can be read or written by others; its mode must be 0600.");
        }

        try
        {
            return Ed25519Signer.Parse(File.ReadAllText(path).TrimEnd('\n'));
        }
        catch (Exception failure) when (failure is NoteFormatException or IOException or UnauthorizedAccessException)
        {
            throw new LogKeyException($"The log key {path} cannot be used: {failure.Message}", failure);
        }
    }

    private static string AsideOf(string path, int number) =>
        string.Create(CultureInfo.InvariantCulture, $"{path}.{number}");
}
