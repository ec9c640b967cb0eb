namespace Audit.Integrity.Verification;

/// <summary>With which keys signatures are checked, and where the one came from that is believed.</summary>
internal readonly record struct KeyChoice(VerifierKey Key, KeyChain Chain, KeyTrust Trust)
{
    /// <exception cref="NoteFormatException">A key file holds no key.</exception>
    /// <exception cref="LogKeyException">A key file cannot be used.</exception>
    public static KeyChoice Of(VerifyOptions options, LogRecord log)
    {
        if (options.TrustedKey is { } given)
        {
            return Of(given, log, KeyTrust.Given);
        }

        var found = options.KeyFile is { } file ? KeyFile.FindVerifierKey(file) : null;
        return found is null ? Of(log.Key, log, KeyTrust.Enclosed) : Of(found, log, KeyTrust.DataDirectory);
    }

    // Each key of a chain is signed by the one before it and the one behind it: who knows one knows them all.
    private static KeyChoice Of(VerifierKey key, LogRecord log, KeyTrust trust) =>
        new(key, log.Chain.Keys.Contains(key) ? log.Chain : KeyChain.Of(key), trust);
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
