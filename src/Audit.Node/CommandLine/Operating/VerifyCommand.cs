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
            "Compares every row with the signed log, and reports what the hosts left out. Exit code 4 when integrity "
            + "is not shown, 5 when all is consistent and the only key is the one that lies with what was verified.");
        var bundle = command.AddText("--bundle", "FILE", "verifies an exported bundle");
        var since = command.AddText(
            "--since", "FILE", "a checkpoint that was kept: the log must be its continuation");
        var key = command.AddText(
            "--key", "VKEY", "the only verifier key whose signature counts; default: the key in the "
            + "data directory, and of a bundle the one that lies in it, which shows nothing by itself");
        var requireComplete = command.AddFlag(
            "--require-complete", "also fails when the hosts left something out; without it that is only reported");
        var restarts = command.AddTexts(
            "--accept-restart", "N", "accepts that log N took the place of one whose entries the rows do not have");
        var unproven = command.AddNumber(
            "--accept-unproven", "accepts so many rows that no node of the store can have written, default 0", 0L,
            number => number >= 0, "a whole number");
        var witnesses = command.AddTexts(
            "--witness", "KEY", "a witness that must have cosigned; may be given several times");
        var quorum = command.AddNumber(
            "--witness-quorum", "how many of the witnesses must have, default all", 0, number => number >= 1,
            "a whole number from 1");
        var receipts = command.AddText(
            "--receipts", "FILE", "receipts that were kept: what they acknowledge must be there, and unchanged; where "
            + "there is no store, they are checked by themselves against --key");
        var archives = command.AddTexts(
            "--archive", "DIR", "an archive to which what was cut from the journal is held, row by row; may be given "
            + "several times, and then each segment that was cut must be in one of them");
        var readModels = command.AddFlag(
            "--read-models", "compares all of the read models with the journal; default: a sample of a large book");
        var output = command.AddOutput();
        var place = new PlaceSymbols(
            surroundings, command, GivenOptions.Store, GivenOptions.Data, GivenOptions.LogKey,
            GivenOptions.RowKey, GivenOptions.MaxUnsealed);
        command.SetAction(async (parsed, cancellation) =>
        {
            var kept = ReceiptFile.Read(parsed.GetValue(receipts));
            var where = place.Read(parsed);
            if (kept.Receipts.Count > 0 && parsed.GetValue(bundle) is null && where is
                { NamesStore: false, HasServer: false, LacksStore: true })
            {
                return kept.Try(surroundings, ReadKey(parsed.GetValue(key)), parsed.GetValue(output));
            }

            var log = LogPlace.Choose(surroundings, where, parsed.GetValue(bundle));
            log.ComparesAll = parsed.GetValue(readModels);
            var trust = new VerifyOptions
            {
                TrustedKey = ReadKey(parsed.GetValue(key)),
                Since = ReadCheckpoint(parsed.GetValue(since)),
                AcceptedRestarts = ReadNumbers(parsed.GetValue(restarts) ?? []),
                AcceptedUnproven = parsed.GetValue(unproven),
                Witnesses = ReadWitnesses(parsed.GetValue(witnesses) ?? []),
                WitnessQuorum = parsed.GetValue(quorum),
                Receipts = kept.Receipts,
                Signatures = kept.Signatures,
                Archives = parsed.GetValue(archives) is { Length: > 0 } given
                    ? ArchiveCommands.ReadLeaves(surroundings, given, cancellation) : null,
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

            return verdict.Integrity is not { IsIntact: true, Origin: not null } || (parsed.GetValue(requireComplete) && !IsComplete(verdict))
                ? ExitCode.VerificationFailed
                : verdict.Integrity.KeyTrust == KeyTrust.Enclosed ? ExitCode.KeyNotGiven : ExitCode.Fine;
        });
        return command;
    }

    // A part of the book is complete as far as it was sealed what its sessions held, and all of that is there.
    private static bool IsComplete(VerificationResult verdict) =>
        verdict.Completeness.IsComplete
        && (!verdict.Integrity.IsPart
            || (verdict.Integrity.Sessions.Count > 0 && verdict.Integrity.Sessions.All(session => session.IsComplete)));

    private static HashSet<int> ReadNumbers(string[] texts) =>
    [
        .. texts.Select(text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw CommandException.WrongUse(
                $"--accept-restart \"{text}\" is not accepted; accepted is the number of a log, from 2.")),
    ];

    private static List<WitnessKey> ReadWitnesses(string[] texts)
    {
        try
        {
            return [.. texts.Select(WitnessKey.Parse)];
        }
        catch (NoteFormatException failure)
        {
            throw CommandException.WrongUse($"--witness is not accepted: {failure.Message}");
        }
    }

    public static VerifierKey? ReadKey(string? text)
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
