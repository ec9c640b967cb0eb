namespace Audit.Node.CommandLine.Operating;

/// <summary>
/// `audit verify`: a store, beside its node or without one, a bundle, or what another node gives as one.
/// </summary>
internal static class VerifyCommand
{
    public static Command Make(Surroundings surroundings)
    {
        var command = new Command(
            "verify",
            "Compares every row with the signed log, and reports what the hosts left out. "
            + "Exit code 4 when integrity fails.");
        var bundle = command.AddText("--bundle", "FILE", "verifies an exported bundle");
        var since = command.AddText(
            "--since", "FILE", "a checkpoint that was kept: the log must be its continuation");
        var key = command.AddText(
            "--key", "VKEY", "the only verifier key whose signature counts; default: the key in the data directory");
        var requireComplete = command.AddFlag(
            "--require-complete", "also fails when the hosts left something out; without it that is only reported");
        var output = command.AddOutput();
        var place = new PlaceSymbols(
            surroundings, command, GivenOptions.Store, GivenOptions.Data, GivenOptions.LogKey, GivenOptions.RowKey);
        command.SetAction(async (parsed, cancellation) =>
        {
            var log = LogPlace.Choose(surroundings, place.Read(parsed), parsed.GetValue(bundle));
            var trust = new VerifyOptions
            {
                TrustedKey = ReadKey(parsed.GetValue(key)),
                Since = ReadCheckpoint(parsed.GetValue(since)),
            };
            var verdict = await log.VerifyAsync(trust, cancellation);
            if (parsed.GetValue(output) == OutputFormat.Table)
            {
                VerdictText.Write(surroundings.Out, verdict);
            }
            else
            {
                surroundings.Out.WriteLine(VerdictJson.Of(verdict));
            }

            return verdict.Integrity.IsIntact && (verdict.Completeness.IsComplete || !parsed.GetValue(requireComplete))
                ? ExitCode.Fine
                : ExitCode.VerificationFailed;
        });
        return command;
    }

    private static VerifierKey? ReadKey(string? text)
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

    private static SignedCheckpoint? ReadCheckpoint(string? path)
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
