using Audit.Integrity.Notes;
using Audit.Integrity.Storage;

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
