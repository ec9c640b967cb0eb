namespace Audit.Node.CommandLine.Verify;

/// <summary>What an auditor brings along.</summary>
internal static class VerifyInput
{
    /// <exception cref="CommandException">It is no verifier key.</exception>
    public static VerifierKey? Key(string? text)
    {
        try
        {
            return text is null ? null : VerifierKey.Parse(text);
        }
        catch (NoteFormatException failure)
        {
            throw CommandException.WrongUse($"--key \"{text}\" is not accepted: {failure.Message}");
        }
    }

    /// <exception cref="CommandException">The file holds no checkpoint.</exception>
    public static SignedCheckpoint? Checkpoint(string? path)
    {
        try
        {
            return path is null ? null : SignedCheckpoint.Parse(File.ReadAllBytes(path));
        }
        catch (Exception failure) when (failure
            is NoteFormatException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw CommandException.WrongUse($"--since \"{path}\" is not accepted: {failure.Message}");
        }
    }
}
