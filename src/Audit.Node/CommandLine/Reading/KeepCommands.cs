using Audit.Integrity.Entries;
using Audit.Integrity.Keeping;
using Audit.Node.CommandLine.Operating;

namespace Audit.Node.CommandLine.Reading;

/// <summary>`audit keep …`: by which rules sessions go, and that alone by which they do.</summary>
internal static class KeepCommands
{
    private const string AboutRun =
        "Archives what is due by the rules, verifies the archive, and cuts the rows of it that are due from the "
        + "journal. The node writes down what goes, and who said so. With PostgreSQL the store is named with a role "
        + "that may do it (--store), audit_keeper of deploy/postgres/roles.sql.";

    public static Command Make(Surroundings surroundings) =>
        new("keep", "How long sessions are kept, and what went.")
        {
            MakeCheck(surroundings), MakeAdopt(surroundings), MakeConfirm(surroundings), MakePlan(surroundings),
            MakeRun(surroundings), MakeLog(surroundings), MakeShrink(surroundings),
        };

    private static Command MakeCheck(Surroundings surroundings)
    {
        var command = new Command("check", "Reads rules of retention, and says what they mean. It asks no node.");
        var file = command.AddName("FILE", "the rules, retention.json");
        command.SetAction(parsed =>
        {
            var rules = Retention.Parse(ReadFile(surroundings, parsed.GetRequiredValue(file)));
            foreach (var one in rules.Classes)
            {
                var term = one.Keep is { } keep ? $"{keep.Days} days" : "for ever";
                surroundings.Out.WriteLine(PrintableText.Of(
                    $"{one.Name}: {term}{Of("tool", one.Tool)}{Of("task", one.Task)}{Of("tier", one.Tier)}"
                    + Of("source", one.Source)));
            }

            surroundings.Out.WriteLine($"version {rules.Version}");
        });
        return command;

        static string Of(string name, IReadOnlyList<string> globs) =>
            globs.Count == 0 ? "" : $", {name} {string.Join(" or ", globs)}";
    }

    private static Command MakeAdopt(Surroundings surroundings)
    {
        var command = new Command(
            "adopt", "Adopts rules of retention; nothing goes by them until another person confirmed them.");
        var file = command.AddName("FILE", "the rules, retention.json");
        return command.Asks(surroundings, async asked => Say(asked, await asked.Node.PostAsync(
            "v1/retention", new { text = ReadFile(surroundings, asked.Get(file)!) }, WireJson.Default.RetentionAnswer,
            asked.Cancellation)));
    }

    private static Command MakeConfirm(Surroundings surroundings)
    {
        var command = new Command("confirm", "Confirms the rules that another person adopted.");
        var version = command.AddName("VERSION", "of the rules, as audit keep adopt and check say it");
        return command.Asks(surroundings, async asked => Say(asked, await asked.Node.PostAsync(
            $"v1/retention/{Uri.EscapeDataString(asked.Get(version)!)}/confirm", new { },
            WireJson.Default.RetentionAnswer, asked.Cancellation)));
    }

    private static void Say(Asked asked, RetentionAnswer rules) => asked.Surroundings.Out.WriteLine(
        $"{rules.Version}\tadopted by {rules.AdoptedBy}, "
        + (rules.ConfirmedBy is { } who ? $"confirmed by {who}" : "waits for another person"));

    private static Command MakePlan(Surroundings surroundings) => KeepingCommands.Acting(
        surroundings,
        new Command("plan", "Says what is due by the rules, and what of that stays and why. Nothing is changed."),
        async (_, place, cancellation) =>
        {
            using var node = await place.FindNodeAsync(cancellation);
            var (rules, options) = (await RulesAsync(node, cancellation), place.RequireStore());
            var (due, stays) = await ArchiveCommands.GuardedAsync(async () => await rules.Retention.PlanAsync(
                options.Store, await EntriesAsync(options, cancellation),
                await Retention.NowAsync(options.Store, cancellation), cancellation));
            foreach (var (name, count) in due)
            {
                surroundings.Out.WriteLine(PrintableText.Of($"{count} sessions are due by the rule {name}"));
            }

            foreach (var (why, count) in stays)
            {
                surroundings.Out.WriteLine(PrintableText.Of($"{count} of them stay: {why}"));
            }

            surroundings.Out.WriteLine(
                due.Count == 0 ? "Nothing is due."
                : rules.Answer.ConfirmedBy is null ? "Nothing goes until another person confirmed the rules."
                : "audit keep run archives and cuts them.");
            return ExitCode.Fine;
        });

    private static Command MakeRun(Surroundings surroundings)
    {
        var command = new Command("run", AboutRun);
        var (to, keys) = KeepingCommands.AddPlaces(
            command, "archive", "without it nobody can read them any more when their rows were cut");
        var key = command.AddText("--key", "VKEY", "the log's verifier key; default: the one in the data directory");
        return KeepingCommands.Acting(surroundings, command, async (parsed, given, cancellation) =>
        {
            // A store that is named with a role of its own does not hide the node that writes down what goes.
            var place = given.WithoutStore();
            using var node = await place.FindNodeAsync(cancellation);
            var (rules, options) = (await RulesAsync(node, cancellation), given.RequireStore());
            if (rules.Answer.ConfirmedBy is null)
            {
                throw CommandException.Failed(
                    $"The rules {rules.Answer.Version} of {rules.Answer.AdoptedBy} were not confirmed by another "
                    + "person: nothing goes.");
            }

            var directory = KeepingCommands.PathOf(surroundings, parsed.GetRequiredValue(to));
            var apart = KeepingCommands.PathOf(surroundings, parsed.GetValue(keys));
            var entries = await EntriesAsync(options, cancellation);
            var now = await Retention.NowAsync(options.Store, cancellation);
            var signers = options.OpenLogKeys();
            using var programs = signers as IDisposable;
            await KeepingCommands.BeginKeysAsync(place, apart, cancellation);
            var run = await ArchiveCommands.GuardedAsync(() => RowsBar.ShowAsync(
                surroundings, "rows archived", bar => Archive.RunAsync(
                    options.Store, directory, apart, entries, signers, now, rules.Retention,
                    bar, cancellation)));
            await ArchiveCommands.TellAsync(surroundings, place, run, directory, apart, cancellation);
            using var alone = await ArchiveCommands.GuardedAsync(() => Task.FromResult(Disposal.Hold(directory!)));
            var verdict = ArchiveCommands.Verify(
                surroundings, directory, parsed.GetValue(key), options, cancellation);
            if (verdict.Faults is [var fault, ..])
            {
                throw new CommandException(ExitCode.VerificationFailed, $"{fault} Nothing was cut.");
            }

            if (verdict.KeyIsEnclosed)
            {
                throw new CommandException(
                    ExitCode.KeyNotGiven,
                    "The archive was verified by the key alone that lies with it: --key VKEY says which it must be. "
                    + "Nothing was cut.");
            }

            // Read anew, as the segments were: nothing goes that is not there as it is to be read.
            var aside = apart is null ? null : await ArchiveCommands.GuardedAsync(
                () => Task.FromResult(ArchiveKeys.Read(apart, entries.Rows!)));
            var work = new CutWork(node, directory, rules.Retention.Version);
            var (sessions, rows) = (0L, 0L);
            try
            {
                // Of a session that was archived twice the later segment has all of it.
                foreach (var segment in verdict.Segments.OrderByDescending(one => one.Number))
                {
                    var cut = await ArchiveCommands.GuardedAsync(() => RowsBar.ShowAsync(
                        surroundings, "rows cut", bar => Disposal.CutAsync(
                            options.Store, directory!, segment, entries, aside, rules.Retention, now, work, bar,
                            cancellation)));
                    foreach (var (owner, why) in cut.Stayed)
                    {
                        surroundings.Error.WriteLine(PrintableText.Of($"{owner} stays: {why}."));
                    }

                    (sessions, rows) = (sessions + cut.Sessions, rows + cut.Rows);
                }
            }
            catch
            {
                await work.TrySayEndsAsync(surroundings.Error);
                throw;
            }

            await work.SayEndsAsync(cancellation);
            surroundings.Out.WriteLine($"{rows} rows of {sessions} sessions were cut; they are in {directory}.");
            return ExitCode.Fine;
        });
    }

    private static Command MakeShrink(Surroundings surroundings) => KeepingCommands.Acting(
        surroundings,
        new Command(
            "shrink",
            "Writes the file of a journal anew without the room of what was cut, as long as no node runs. It takes as "
            + "much room beside it meanwhile."),
        async (_, place, _) =>
        {
            var (before, after) = await ArchiveCommands.GuardedAsync(
                () => Task.FromResult(AuditStore.Shrink(place.RequireStore().Store)));
            surroundings.Out.WriteLine($"The journal had {before} bytes, and has {after}.");
            return ExitCode.Fine;
        });

    private static Command MakeLog(Surroundings surroundings) =>
        new Command("log", "Lists what went by the rules, newest first.").Asks(
            surroundings,
            asked => asked.Output.PrintListAsync(
                asked.ListAsync(int.MaxValue, "v1/disposals", WireJson.Default.DisposalAnswer), Disposals,
                "disposals"));

    private static readonly Column<DisposalAnswer>[] Disposals =
    [
        new("at", one => one.At), new("rows", one => $"{one.Cut ?? 0} of {one.Rows}"),
        new("segment", one => one.Segment), new("digest", one => one.Sha256), new("archive", one => one.To),
        new("rules", one => one.Version), new("by", one => $"{one.AdoptedBy}, {one.ConfirmedBy}"),
    ];

    private static async Task<(RetentionAnswer Answer, Retention Retention)> RulesAsync(
        NodeClient node, CancellationToken cancellation)
    {
        var answer = await node.AskAsync("v1/retention", WireJson.Default.RetentionAnswer, cancellation);
        var rules = Retention.Parse(answer.Value.Text);
        return rules.Version == answer.Value.Version
            ? (answer.Value, rules)
            : throw CommandException.Failed(
                $"The rules {answer.Value.Version} cannot be read as they were adopted: nothing is due by them.");
    }

    private static Task<EntryKeys> EntriesAsync(
        NodeOptions options, CancellationToken cancellation) =>
        StoreMeta.EntryKeysAsync(options.Store, options.OpenRowKeys(isNewStore: false), cancellation);

    private static string ReadFile(Surroundings surroundings, string path)
    {
        try
        {
            return File.ReadAllText(KeepingCommands.PathOf(surroundings, path));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw CommandException.WrongUse($"The rules cannot be read: {failure.Message}");
        }
    }

    /// <summary>
    /// Says it to the node, which looks itself whether that may be: the ends of all segments that were finished at
    /// once, whatever ends the run, for the nodes make what is read anew after them.
    /// </summary>
    private sealed class CutWork(NodeClient node, string directory, string version) : IDisposalBook
    {
        /// <summary>Of a run that failed it waits no longer for a node that may be away.</summary>
        private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

        private readonly List<(string Segment, long Disposal, string Cut, byte[] Leaves)> ends = [];

        public async Task<long> OrderAsync(ArchiveSegment segment, NamedRows rows, CancellationToken cancellation)
        {
            if (ends.Exists(one => one.Segment == segment.Sha256))
            {
                await SayEndsAsync(cancellation);
            }

            return (await node.PostAsync(
                "v1/disposals",
                new
                {
                    segment = ArchiveSegment.RowsName(segment.Number), sha256 = segment.Sha256,
                    sessions = rows.Sessions.ToArray(), chosen = rows.Chosen, rows = rows.Rows,
                    leaves = rows.Leaves.Digest(), parts = rows.PartsSha256, version, to = directory,
                },
                WireJson.Default.KeptAnswer, cancellation)).Position;
        }

        public Task EndAsync(
            ArchiveSegment segment, long disposal, string cut, NamedRows rows, CancellationToken cancellation)
        {
            ends.Add((segment.Sha256, disposal, cut, rows.Leaves.Bytes.ToArray()));
            return Task.CompletedTask;
        }

        /// <summary>One that is refused keeps no other from being said.</summary>
        public async Task SayEndsAsync(CancellationToken cancellation)
        {
            Exception? refused = null;
            foreach (var (_, disposal, cut, leaves) in ends)
            {
                try
                {
                    await node.PostAsync(
                        $"v1/disposals/{disposal}/done", new { cut, leaves = Convert.ToBase64String(leaves) },
                        WireJson.Default.KeptAnswer, cancellation);
                }
                catch (NodeException failure)
                {
                    refused ??= failure;
                    if (failure.Trouble == NodeTrouble.Unreachable)
                    {
                        // Nor would it take the others.
                        break;
                    }
                }
            }

            ends.Clear();
            if (refused is not null)
            {
                throw refused;
            }
        }

        /// <summary>The same when a run failed, and says so; the next one says what is left.</summary>
        public async Task TrySayEndsAsync(TextWriter error)
        {
            using var patience = new CancellationTokenSource(Patience);
            try
            {
                await SayEndsAsync(patience.Token);
            }
            catch (Exception failure)
            {
                error.WriteLine(
                    "Not every end of what was cut could be written down; the next run does it, and keys and read "
                    + $"models have it until then: {failure.Message}");
            }
        }
    }
}
