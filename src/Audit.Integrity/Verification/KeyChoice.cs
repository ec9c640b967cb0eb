namespace Audit.Integrity.Verification;

/// <summary>With which key signatures are checked, and where it came from.</summary>
internal readonly record struct KeyChoice(VerifierKey Key, KeyTrust Trust)
{
    /// <exception cref="NoteFormatException">A key file holds no key.</exception>
    /// <exception cref="LogKeyException">A key file cannot be used.</exception>
    public static KeyChoice Of(VerifyOptions options, LogRecord log)
    {
        if (options.TrustedKey is { } given)
        {
            return new KeyChoice(given, KeyTrust.Given);
        }

        var found = options.KeyFile is { } file ? KeyFile.FindVerifierKey(file) : null;
        return found is null ? new KeyChoice(log.Key, KeyTrust.Enclosed) : new KeyChoice(found, KeyTrust.DataDirectory);
    }
}

/// <summary>Where the key came from that signatures were checked with: a verdict is worth as much as that.</summary>
public enum KeyTrust
{
    /// <summary>There was no key.</summary>
    None,

    /// <summary>The one who asked gave it.</summary>
    Given,

    /// <summary>It lies in the node's data directory, outside the store.</summary>
    DataDirectory,

    /// <summary>It lies with what is verified: whoever forged that may have forged the key.</summary>
    Enclosed,
}
