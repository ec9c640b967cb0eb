namespace Audit.Integrity.Notes;

/// <summary>
/// The log's key in a file that only its owner may read. Beside it, in `.pub`, lies the verifier key, which anybody may
/// have.
/// </summary>
public sealed class KeyFile(string path) : ILogKeyring
{
    private const UnixFileMode Anybody = OwnerOnly.Mode | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    private const UnixFileMode Others =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    public string Path { get; } = path;

    public string PublicPath => Path + ".pub";

    public ILogSigner? Find()
    {
        if (!File.Exists(Path))
        {
            return null;
        }

        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(Path) & Others) != 0)
        {
            throw new LogKeyException($"The log key {Path} can be read or written by others; its mode must be 0600.");
        }

        try
        {
            return Ed25519Signer.Parse(File.ReadAllText(Path).TrimEnd('\n'));
        }
        catch (Exception failure) when (failure is NoteFormatException or IOException or UnauthorizedAccessException)
        {
            throw new LogKeyException($"The log key {Path} cannot be used: {failure.Message}", failure);
        }
    }

    public async Task<ILogSigner> CreateAsync(string origin, Func<ILogSigner, Task>? begin = null)
    {
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
        OwnerOnly.Replace(PublicPath, Encoding.UTF8.GetBytes(signer.Key + "\n"), Anybody);
        return signer;
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

    private void KeepAside()
    {
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

    private static string AsideOf(string path, int number) =>
        string.Create(CultureInfo.InvariantCulture, $"{path}.{number}");
}
