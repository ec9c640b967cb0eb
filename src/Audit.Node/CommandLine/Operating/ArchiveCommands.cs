using Audit.Integrity.Keeping;
using Audit.Node.Hosting;

namespace Audit.Node.CommandLine.Operating;

/// <summary>`audit archive …`: what is over, put aside with its proofs, and read again from there.</summary>
internal static class ArchiveCommands
{
    private static (Command Command, Argument<string> Directory, Option<string> Key) OfArchive(string name, string about)
    {
        var command = new Command(name, about);
        return (command, command.AddName("DIR", "the archive"), command.AddText(
            "--key", "VKEY", "the log's verifier key; default: the one in the data directory, else the archive's own"));
    }

    public static Command Make(Surroundings surroundings)
    {
        var command = new Command(
            "archive",
            "Writes the sessions of which nothing was recorded since a time into an archive, beside a running node or "
            + "without one: whole sessions that are settled, sealed and reviewed, each row with its proof. The store "
            + "is not changed. What is in the archive already is not written again.")
        {
            MakeVerify(surroundings), MakeOpen(surroundings),
        };
        var before = command.AddText(
            "--before", "TIME", "sessions of which nothing was recorded since then, by the node's clock: a day, a time "
            + "or how long ago, such as 90d");
        var (to, keys) = KeepingCommands.AddPlaces(
            command, "archive", "without them it has heads alone once the book's own keys have ended", required: false);
        return KeepingCommands.Acting(surroundings, command, async (parsed, place, cancellation) =>
        {
            var (directory, apart) = (
                KeepingCommands.PathOf(surroundings, parsed.GetValue(to)),
                KeepingCommands.PathOf(surroundings, parsed.GetValue(keys)));
            if (directory is null || parsed.GetValue(before) is not { } time)
            {
                throw CommandException.WrongUse("--before TIME and --to DIR are expected, or verify or open.");
            }

            var (until, options) = (ReadTime(time), place.RequireStore());
            var signers = options.OpenLogKeys();
            using var programs = signers as IDisposable;
            var entries = await StoreMeta.EntryKeysAsync(
                options.Store, options.OpenRowKeys(isNewStore: false), cancellation);
            await KeepingCommands.BeginKeysAsync(place, apart, cancellation);
            var run = await GuardedAsync(() => RowsBar.ShowAsync(
                surroundings, "rows archived", bar => Archive.RunAsync(
                    options.Store, directory, apart, entries, signers, until,
                    bar, cancellation)));
            await TellAsync(surroundings, place, run, directory, apart, cancellation);
            return ExitCode.Fine;
        });
    }

    /// <summary>Says what a run did, here and in the book.</summary>
    public static async Task TellAsync(
        Surroundings surroundings, BookPlace place, ArchiveRun run, string directory, string? keys,
        CancellationToken cancellation)
    {
        surroundings.Out.WriteLine(
            $"{run.Sessions} sessions with {run.Rows} rows are in {directory} now, in {run.Made.Count} new segments.");
        foreach (var (owner, why) in run.Stayed)
        {
            surroundings.Error.WriteLine(PrintableText.Of($"{owner} stays: {why}."));
        }

        if (run.StayedCount > run.Stayed.Count)
        {
            surroundings.Error.WriteLine($"{run.StayedCount - run.Stayed.Count} more stay.");
        }

        foreach (var segment in run.Unsaid)
        {
            if (await KeepingCommands.TryNoteAsync(
                place,
                new TakenBackup(
                    ArchiveSegment.RowsName(segment.Number), segment.Rows.Last, segment.Rows.Rows, directory, keys,
                    segment.Sha256),
                cancellation) is { } failure)
            {
                surroundings.Error.WriteLine(
                    PrintableText.Of($"The archive is whole, and could not be written down in the book: {failure}"));
            }
        }
    }

    public static Task<T> GuardedAsync<T>(Func<Task<T>> work) => KeepingCommands.GuardedAsync(async () =>
    {
        try
        {
            return await work();
        }
        catch (LogKeyException failure)
        {
            throw CommandException.WrongUse(failure.Message);
        }
    });

    private static Command MakeVerify(Surroundings surroundings)
    {
        var (command, directory, key) = OfArchive(
            "verify",
            "Verifies an archive by itself, with neither store nor row key: that the log's key signed it, that each "
            + "row is the one that was sealed, and that no stream lacks a number. Exit code 4 when it does not hold.");
        return KeepingCommands.Acting(surroundings, command, (parsed, place, cancellation) =>
        {
            var verdict = Verify(
                surroundings, parsed.GetRequiredValue(directory), parsed.GetValue(key), place.Options, cancellation);
            foreach (var fault in verdict.Faults)
            {
                surroundings.Error.WriteLine(PrintableText.Of(fault));
            }

            surroundings.Out.WriteLine(
                $"{verdict.Segments.Count} segments with {verdict.Sessions} sessions and {verdict.Rows} rows are whole"
                + (verdict.KeyIsEnclosed
                    ? ", by the key that lies with them: --key VKEY says which it must be."
                    : "."));
            return Task.FromResult(
                verdict.Faults.Count > 0 ? ExitCode.VerificationFailed
                : verdict.KeyIsEnclosed ? ExitCode.KeyNotGiven : ExitCode.Fine);
        });
    }

    private static Command MakeOpen(Surroundings surroundings)
    {
        var (command, directory, key) = OfArchive(
            "open",
            "Makes a book of its own of an archive, in a data directory of its own (--data), and verifies the archive "
            + "before. A node on that directory serves it beside the live one; it takes nothing in.");
        var keys = command.AddText("--keys-from", "DIR", "where the keys of the contents were kept");
        return KeepingCommands.Acting(surroundings, command, async (parsed, place, cancellation) =>
        {
            var options = place.Options;
            if (StoreAddress.Parse(options.Store) is not { IsSqlite: true, IsMissing: true })
            {
                throw CommandException.WrongUse(
                    $"There is a store {options.Store} already: an archive is opened in a data directory of its own, "
                    + "--data DIR.");
            }

            var from = KeepingCommands.PathOf(surroundings, parsed.GetRequiredValue(directory));
            var verdict = Verify(surroundings, from, parsed.GetValue(key), options, cancellation);
            if (verdict.Faults is [var fault, ..])
            {
                throw new CommandException(ExitCode.VerificationFailed, fault);
            }

            DataDirectory.Open(options.Data);
            await KeepingCommands.GuardedAsync(() => RowsBar.ShowAsync(surroundings, "rows opened", async bar =>
            {
                await ArchiveBook.MakeAsync(
                    options.Store, from, verdict.Segments,
                    KeepingCommands.PathOf(surroundings, parsed.GetValue(keys)), options.OpenRowKeys(isNewStore: false),
                    bar, cancellation);
                return true;
            }));
            await using (var opened = await OpenedStore.OpenAsync(options, cancellation))
            {
                await opened.Acts.WriteFactsAsync(StreamNames.Keeping, "archive.opened", OpenedStore.Actor, json =>
                {
                    json.WriteString("from", opened.Acts.Redacted(from));
                    json.WriteNumber("rows", verdict.Rows);
                    json.WriteString("sha256", verdict.Segments[^1].Sha256);
                });
            }

            surroundings.Out.WriteLine(
                $"{verdict.Rows} rows of {verdict.Sessions} sessions were verified and are in {options.Store}; "
                + $"audit serve --data {options.Data} shows them.");
            return ExitCode.Fine;
        });
    }

    public static ArchiveVerdict Verify(
        Surroundings surroundings, string directory, string? key, NodeOptions options, CancellationToken cancellation)
    {
        var trusted = VerifyCommand.ReadKey(key) ?? KeyFile.FindVerifierKey(options.LogKeyFile);
        return ArchiveCheck.Run(
            KeepingCommands.PathOf(surroundings, directory), trusted is null ? [] : [trusted], null, null,
            cancellation);
    }

    /// <summary>The leaves of the segments of archives that verify, by their digests.</summary>
    public static Dictionary<string, LeafList> ReadLeaves(
        Surroundings surroundings, string[] directories, CancellationToken cancellation)
    {
        var leaves = new Dictionary<string, LeafList>();
        foreach (var directory in directories.Select(one => KeepingCommands.PathOf(surroundings, one)))
        {
            // Whose key signed it does not matter: the book has the digest of each segment, and the log each leaf.
            var verdict = ArchiveCheck.Run(directory!, [], null, null, cancellation);
            if (verdict.Faults is [var fault, ..])
            {
                throw new CommandException(
                    ExitCode.VerificationFailed, $"The archive {directory} does not verify: {fault}");
            }

            foreach (var segment in verdict.Segments)
            {
                leaves[segment.Sha256] = SegmentRows.LeavesOf(directory!, segment);
            }
        }

        return leaves;
    }

    /// <summary>A day, a time, or how long ago; nothing that is yet to come.</summary>
    public static DateTimeOffset ReadTime(string text)
    {
        var now = DateTimeOffset.UtcNow;
        var isAgo = text.Length > 1 && text[^1] is 'd' or 'h'
            && int.TryParse(text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out _);
        return isAgo && int.Parse(text[..^1], CultureInfo.InvariantCulture) is <= 100_000 and var count
            ? now - (text[^1] == 'd' ? TimeSpan.FromDays(count) : TimeSpan.FromHours(count))
            : !isAgo && DateTimeOffset.TryParse(
                text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) && time <= now
            ? time
            : throw CommandException.WrongUse(
                $"--before \"{text}\" is not accepted; accepted is a day such as 2026-01-31, a time such as "
                + "2026-01-31T12:00:00Z, or how long ago it was, such as 90d or 12h, and nothing that is yet to come.");
    }
}
