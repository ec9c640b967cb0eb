using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using Audit.Api.Acting;
using Audit.Integrity.Keeping;
using Audit.Journal.Events;
using Audit.Node.Hosting;

namespace Audit.Node.CommandLine.Operating;

/// <summary>`audit backup`, `restore` and `doctor`: that the book is still there when a disk is not.</summary>
internal static class KeepingCommands
{
    private const string AboutBackup =
        "Takes a backup of the book beside a running node, or without one; into a directory that has one, what came "
        + "since. The row key and the log's key are never in it: audit key backup.";

    private const string AboutRestore =
        "Puts a backup into a store that has nothing, verifies it, and only then lets a node open it. The log begins "
        + "anew, for more may have been signed after the backup. Exit code 4 when it does not verify.";

    private const long LittleRoom = 1L << 30;

    private static readonly TimeSpan OldBackup = TimeSpan.FromDays(7);

    public static Command MakeBackup(Surroundings surroundings)
    {
        var command = new Command("backup", AboutBackup);
        var (to, keys) = AddPlaces(command, "backup", "without them a restored book has heads alone");
        return Acting(surroundings, command, async (parsed, place, cancellation) =>
        {
            var (directory, apart) = (
                PathOf(surroundings, parsed.GetRequiredValue(to)), PathOf(surroundings, parsed.GetValue(keys)));
            var options = place.RequireStore();
            var rowKeys = options.OpenRowKeys(isNewStore: false);
            await BeginKeysAsync(place, apart, cancellation);
            var taken = await GuardedAsync(() => RowsBar.ShowAsync(surroundings, "rows copied", bar => Backup.TakeAsync(
                options.Store, directory, apart, rowKeys, bar, cancellation)));
            surroundings.Out.WriteLine(
                $"{taken.Rows} rows up to position {taken.LastPosition} are in {directory}, backup {taken.Id}.");
            if (apart is null)
            {
                surroundings.Error.WriteLine(
                    "The keys of the contents are not in it; --keys-to DIR puts them elsewhere, apart from the rows.");
            }

            if (await TryNoteAsync(
                place, new TakenBackup(taken.Id, taken.LastPosition, taken.Rows, directory, apart), cancellation)
                is { } failure)
            {
                surroundings.Error.WriteLine(
                    PrintableText.Of($"The backup is whole, and could not be written down in the book: {failure}"));
            }

            return ExitCode.Fine;
        });
    }

    public static Command MakeRestore(Surroundings surroundings)
    {
        var command = new Command("restore", AboutRestore);
        var without = command.AddFlag(
            "--without-content", "does without the keys of the contents: the book has heads alone then");
        var from = command.AddText("--from", "DIR", "where the backup is", required: true);
        var keys = command.AddText("--keys-from", "DIR", "where the keys of the contents were kept");
        var receipts = command.AddText(
            "--receipts", "FILE", "receipts that were kept: which of them were given after the backup, and are gone");
        var key = command.AddText("--key", "VKEY", "the log's only verifier key whose signature counts");
        var reason = command.AddText("--reason", "TEXT", "why; it stays in the book", required: true);
        return Acting(surroundings, command, (parsed, place, cancellation) =>
        {
            var kept = ReceiptFile.Read(parsed.GetValue(receipts));
            var trust = new VerifyOptions
            {
                TrustedKey = VerifyCommand.ReadKey(parsed.GetValue(key)), Receipts = kept.Receipts,
                Signatures = kept.Signatures,
            };
            var (rows, apart) = (
                PathOf(surroundings, parsed.GetRequiredValue(from)), PathOf(surroundings, parsed.GetValue(keys)));
            return apart is null && !parsed.GetValue(without)
                ? throw CommandException.WrongUse(
                    "--keys-from DIR is expected, or --without-content: without the keys of the contents nobody can "
                    + "read them any more.")
                : RestoreAsync(
                    surroundings, place, rows, apart, trust, LogCommands.RequireReason(parsed.GetRequiredValue(reason)),
                    cancellation);
        });
    }

    public static Command MakeDoctor(Surroundings surroundings) => Acting(
        surroundings,
        new Command(
            "doctor",
            "Looks at a store and its node's directory, and says what is wrong and what to do. It changes nothing. "
            + "Exit code 1 when something is wrong."),
        (_, place, cancellation) => TellAsync(surroundings, place.Options, cancellation));

    private static async Task<int> TellAsync(
        Surroundings surroundings, NodeOptions options, CancellationToken cancellation)
    {
        var found = await ExamineAsync(options, cancellation);
        foreach (var one in found)
        {
            surroundings.Out.WriteLine($"{(one.IsBad ? "!" : "-")} {PrintableText.Of(one.What)}");
            surroundings.Out.WriteLine($"    {PrintableText.Of(one.Do)}");
        }

        var bad = found.Count(one => one.IsBad);
        surroundings.Out.WriteLine(
            bad > 0 ? $"{bad} of these keep the book from being whole or from being written."
            : "Nothing is wrong that can be seen without reading every row; audit verify reads them.");
        return bad > 0 ? ExitCode.Failed : ExitCode.Fine;
    }

    private static async Task<int> RestoreAsync(
        Surroundings surroundings, BookPlace place, string from, string? keys, VerifyOptions trust, string reason,
        CancellationToken cancellation)
    {
        var options = place.Options;
        DataDirectory.Open(options.Data);
        var restored = await GuardedAsync(() => RowsBar.ShowAsync(
            surroundings, "rows put back",
            bar => Restore.RunAsync(
                options.Store, from, keys, options.OpenRowKeys(isNewStore: false), trust,
                bar, cancellation)));
        if (restored.Against.Count > 0)
        {
            foreach (var fault in restored.Against)
            {
                surroundings.Error.WriteLine(PrintableText.Of(fault.Sentence));
            }

            throw new CommandException(
                ExitCode.VerificationFailed,
                "What was put back does not verify, and no node opens it. Take another copy of the backup.");
        }

        // Until it says in the book what it is, and the log begins anew, nobody else opens it.
        await WriteDownAsync(place, restored, reason, cancellation);
        await Restore.OpenAsync(options.Store, cancellation);
        Tell(surroundings, options, restored, trust.Receipts.Count);
        return ExitCode.Fine;
    }

    /// <summary>Where something is written, and apart from it the keys of its contents.</summary>
    public static (Option<string> To, Option<string> Keys) AddPlaces(
        Command command, string what, string without, bool required = true) => (
        command.AddText("--to", "DIR", $"where the {what} is, or is begun", required),
        command.AddText(
            "--keys-to", "DIR", $"where the keys of the contents go, apart from the rows; {without}"));

    /// <param name="act">Returns the exit code.</param>
    public static Command Acting(
        Surroundings surroundings, Command command,
        Func<ParseResult, BookPlace, CancellationToken, Task<int>> act)
    {
        var symbols = new PlaceSymbols(
            surroundings, command, GivenOptions.Store, GivenOptions.Data, GivenOptions.LogKey, GivenOptions.RowKey);
        command.SetAction((parsed, cancellation) => act(parsed, symbols.Read(parsed), cancellation));
        return command;
    }

    [return: NotNullIfNotNull(nameof(path))]
    public static string? PathOf(Surroundings surroundings, string? path) =>
        path is null ? null : Path.GetFullPath(path, Path.GetFullPath(surroundings.Directory));

    public static async Task<T> GuardedAsync<T>(Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (Exception failure) when (failure is DbException or TimeoutException or LogDamagedException)
        {
            throw CommandException.Failed($"It broke off: {failure.Message}");
        }
    }

    /// <summary>Writes down where keys are to lie before they are read: an erasure meanwhile knows it.</summary>
    public static async Task BeginKeysAsync(BookPlace place, string? keys, CancellationToken cancellation)
    {
        if (keys is not null && TakenBackup.WhyNotKeys(keys) is { } why)
        {
            throw CommandException.WrongUse($"Keys cannot be written to {keys}: {why}.");
        }

        if (keys is not null && await TryNoteAsync(
            place, new TakenBackup("", 0, 0, null, keys, KeysId: KeyBackup.IdOf(keys)), cancellation) is { } unwritten)
        {
            throw CommandException.Failed(
                $"That keys are to lie in {keys} could not be written down, and no erasure would know: {unwritten}");
        }
    }

    /// <returns>Why it could not be written down; null where it was.</returns>
    public static async Task<string?> TryNoteAsync(
        BookPlace place, TakenBackup taken, CancellationToken cancellation)
    {
        try
        {
            using var node = await place.TryFindNodeAsync(cancellation);
            if (node is not null)
            {
                await node.PostAsync(
                    "v1/backups",
                    taken.To is null ? new { keys = taken.Keys, keys_id = taken.KeysId } : (object)new
                    {
                        id = taken.Id, last_position = taken.LastPosition, rows = taken.Rows, to = taken.To,
                        keys = taken.Keys, sha256 = taken.Sha256,
                    },
                    WireJson.Default.KeptAnswer, cancellation);
                return null;
            }

            await using var opened = await OpenedStore.OpenAsync(place.Options, cancellation);
            await taken.WriteAsync(opened.Acts, OpenedStore.Actor);
            return null;
        }
        catch (Exception failure) when (failure
            is NodeException or StoreException or JournalUnavailableException or CommandException)
        {
            return failure.Message;
        }
    }

    /// <summary>Writes down what was done, and begins a log over what is there.</summary>
    private static async Task WriteDownAsync(
        BookPlace place, Restored restored, string reason, CancellationToken cancellation)
    {
        List<string> places;
        await using (var opened = await OpenedStore.OpenAsync(place.Options, cancellation, isRestored: true))
        {
            var book = new KeepingBook(opened.Store);
            await book.ReadAsync(cancellation);
            places = [.. book.KeyPlaces];
            if (restored.Backup.Log is null)
            {
                await WriteAsync(opened.Acts, restored, places, reason);
                return;
            }
        }

        await LogCommands.AtStoreAsync(
            place,
            async (sealer, acts) =>
            {
                await WriteAsync(acts, restored, places, reason);
                return await sealer.RestartAsync(
                    acts.Redacted(reason), OpenedStore.Actor, null,
                    (restart, _) => LogEndpoints.WriteRestartedAsync(acts, OpenedStore.Actor, restart), cancellation);
            },
            cancellation, isRestored: true);
    }

    private static async Task WriteAsync(
        OperatorActs acts, Restored restored, IReadOnlyCollection<string> places, string reason)
    {
        await acts.WriteFactsAsync(
            StreamNames.Keeping, "store.restored", OpenedStore.Actor,
            json =>
            {
                json.WriteString("backup", restored.Backup.Id);
                json.WriteString("taken_at", restored.Backup.TakenAt.UtcDateTime);
                json.WriteNumber("last_position", restored.Backup.LastPosition);
                json.WriteNumber("lost_from", restored.Backup.LastPosition + 1);
                if (restored.Gone.Count > 0)
                {
                    json.WriteNumber("lost_receipts", restored.Gone.Count);
                    json.WriteNumber("lost_until", restored.Gone.Max(receipt => receipt.Position));
                }
            },
            json => json.WriteString("reason", acts.Redacted(reason)));
        foreach (var facts in ErasedContent.FactsOf(restored.Erased))
        {
            await acts.WriteFactsAsync(StreamNames.Keeping, ErasedContent.Act, OpenedStore.Actor, facts);
        }

        // Nothing is left to do in the book, so that no node takes it up; where else keys lay, a node has yet to look.
        foreach (var id in restored.Erased.Select(one => one.Id).Distinct())
        {
            await acts.WriteFactsAsync(
                StreamNames.Keeping, KeepingBook.Done, OpenedStore.Actor,
                json =>
                {
                    json.WriteString("id", id);
                    json.WriteTexts("pending", places);
                });
        }
    }

    private static void Tell(Surroundings surroundings, NodeOptions options, Restored restored, int receipts)
    {
        var (backup, gone) = (restored.Backup, restored.Gone);
        var output = surroundings.Out;
        output.WriteLine(
            $"restored      {backup.Rows} rows up to position {backup.LastPosition}, backup {backup.Id} of "
            + $"{backup.TakenAt.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z");
        output.WriteLine(backup.Log is { } log
            ? $"verified      {log.Size} entries of the log {log.Origin}; it begins anew from here"
            : "verified      there was no log yet");
        output.WriteLine(
            gone.Count > 0
                ? $"gone          {gone.Count} of {receipts} receipts are of what was acknowledged after the backup, "
                    + $"positions {gone.Min(one => one.Position)} to {gone.Max(one => one.Position)}"
            : receipts > 0 ? $"gone          nothing of what {receipts} receipts acknowledge"
            : $"gone          whatever was acknowledged behind position {backup.LastPosition}; --receipts tells which");
        if (!File.Exists(Path.Combine(options.Data, "admin.token")))
        {
            surroundings.Error.WriteLine(
                $"There is no admin.token in {options.Data}: put it back, or make a token with audit token create.");
        }

        if (options.RowKey is { } file && !File.Exists(Path.Combine(options.Data, "row.key")))
        {
            surroundings.Error.WriteLine($"Start the node with --row-key {file}, or put a copy into {options.Data}.");
        }
    }

    private static async Task<List<Complaint>> ExamineAsync(NodeOptions options, CancellationToken cancellation)
    {
        var found = new List<Complaint>();
        var place = StoreAddress.Parse(options.Store);
        if (place.IsMissing)
        {
            return [new Complaint(true, $"There is no store {options.Store}.", "--store or --data; or audit restore")];
        }

        if (place.IsSqlite)
        {
            LookAtFile(Path.GetFullPath(place.Place), found);
        }

        try
        {
            var keys = options.OpenRowKeys(isNewStore: false);
            await StoreMeta.EntryKeysAsync(options.Store, keys, cancellation);
            found.AddRange(await Examination.OfLogAsync(options.Store, keys, options.CheckpointFile, cancellation));
            found.AddRange(await LookAtBackupsAsync(options, keys, cancellation));
        }
        catch (Exception failure) when (failure is StoreException or DbException or JournalUnavailableException)
        {
            found.Add(new Complaint(
                true, failure.Message, "Put the file back that belongs to this store; audit key backup makes copies."));
        }

        if (!RowKeys.IsBackedUp(options.RowKeyFile))
        {
            found.Add(new Complaint(
                false, $"{options.RowKeyFile} has no copy, and without it no content can be read.",
                "audit key backup FILE"));
        }

        if (options.LogSigners.Count == 0 && !File.Exists(options.LogKeyFile))
        {
            found.Add(new Complaint(
                false, $"There is no log key {options.LogKeyFile}: this node seals nothing.",
                "Put it back, or let another node seal that has it."));
        }

        return found;
    }

    private static void LookAtFile(string path, List<Complaint> found)
    {
        if (AuditStore.LooksTorn(path))
        {
            found.Add(new Complaint(
                true,
                $"{path} was copied from under a running node, without its write-ahead log or while the node went on: "
                + "what was acknowledged last is not in it.",
                $"Put back {path}-wal of the same moment, or audit restore a backup; only if both are lost, audit "
                + "serve --accept-set-back REASON."));
        }

        var free = new DriveInfo(Path.GetDirectoryName(path)!).AvailableFreeSpace;
        if (free < LittleRoom)
        {
            found.Add(new Complaint(
                false, $"{free >> 20} MB are free beside {path}.", "Make room: a full disk takes nothing."));
        }
    }

    private static async Task<IEnumerable<Complaint>> LookAtBackupsAsync(
        NodeOptions options, RowKeys keys, CancellationToken cancellation)
    {
        await using var book = await StoreMeta.OpenBookAsync(options.Store, keys, cancellation);
        var rows = await book.Opened.ReadStreamAsync(
            new StreamKey(StreamNames.Keeping), 0, int.MaxValue, cancellation);
        var newest = rows.LastOrDefault(row => row.IsProven
            && EventReader.ViewOf(row).Text(EventField.Act) == TakenBackup.Act);
        var age = newest is null ? OldBackup : DateTime.UtcNow - new DateTime(newest.CreatedTicks, DateTimeKind.Utc);
        return newest is not null && age < OldBackup ? [] :
        [
            new Complaint(
                false,
                newest is null ? "No backup was ever taken of it." : $"The newest backup is {age.Days} days old.",
                "audit backup --to DIR --keys-to DIR, on other disks"),
        ];
    }
}
