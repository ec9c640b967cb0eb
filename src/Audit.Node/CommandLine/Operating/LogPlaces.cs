using Audit.Node.Hosting;
using System.Data.Common;
using Audit.Journal.Events;

namespace Audit.Node.CommandLine.Operating;

/// <summary>Where a log is that is to be verified or exported.</summary>
internal abstract class LogPlace(Surroundings surroundings)
{
    /// <summary>
    /// What the command line names goes before the environment, and a server before the data directory's store.
    /// </summary>
    /// <exception cref="CommandException">More than one place was named.</exception>
    public static LogPlace Choose(Surroundings surroundings, BookPlace place, string? bundle)
    {
        if ((bundle is not null ? 1 : 0) + (place.NamesStore ? 1 : 0) + (place.NamesServer ? 1 : 0) > 1)
        {
            throw CommandException.WrongUse(
                "--bundle, --store and --server name different places; accepted is one of them.");
        }

        return bundle is not null ? new LogInBundle(surroundings, bundle)
            : !place.NamesStore && place.HasServer ? new LogAtServer(surroundings, place)
            : new LogInStore(surroundings, place);
    }

    /// <summary>Whether all of the read models are compared with the journal, however large it is.</summary>
    public bool ComparesAll { get; set; }

    /// <exception cref="CommandException">It could not be verified: nothing is shown to be whole then.</exception>
    public async Task<VerificationResult> VerifyAsync(VerifyOptions trust, CancellationToken cancellation)
    {
        VerificationResult? result = null;
        await WithSentencesAsync(
            async () => result = await VerifyThereAsync(trust, cancellation), ExitCode.VerificationFailed);
        return result!;
    }

    /// <param name="wanted">The session, the source, the task or the window; none for all.</param>
    /// <exception cref="CommandException">It could not be exported.</exception>
    public Task ExportAsync(
        string path, IReadOnlyDictionary<string, string> wanted, CancellationToken cancellation) =>
        WithSentencesAsync(() => ExportThereAsync(path, wanted, cancellation), ExitCode.Failed);

    protected abstract Task<VerificationResult> VerifyThereAsync(VerifyOptions trust, CancellationToken cancellation);

    protected abstract Task ExportThereAsync(
        string path, IReadOnlyDictionary<string, string> wanted, CancellationToken cancellation);

    /// <summary>Shows rows going by.</summary>
    protected Task<T> WithBarAsync<T>(string what, Func<IProgress<VerifyProgress>?, Task<T>> work) =>
        RowsBar.ShowAsync(surroundings, what, work);

    /// <param name="unread">The exit code where it cannot be read to its end, whatever is in its way.</param>
    public static async Task WithSentencesAsync(Func<Task> work, int unread)
    {
        try
        {
            await work();
        }
        catch (LogKeyException failure) when (unread != ExitCode.VerificationFailed)
        {
            throw CommandException.WrongUse(failure.Message);
        }
        catch (LogDamagedException damaged)
        {
            throw new CommandException(ExitCode.VerificationFailed, damaged.Message);
        }
        catch (Exception failure) when (failure
            is NoteFormatException or StoreException or BundleException or DbException or IOException
                or InvalidDataException or UnauthorizedAccessException or UnreadableException or JsonException
                or FormatException or KeyNotFoundException or ReadModelsException or JournalUnavailableException
                or TimeoutException or LogKeyException or UnprovenRowException)
        {
            // Whatever lies in the place of a journal or a log may be of any form.
            throw new CommandException(unread, $"It could not be read to its end: {failure.Message}");
        }
    }
}

/// <summary>Shows rows going by.</summary>
internal static class RowsBar
{
    /// <param name="work">Is given nothing where there is no terminal.</param>
    public static Task<T> ShowAsync<T>(
        Surroundings surroundings, string what, Func<IProgress<VerifyProgress>?, Task<T>> work) =>
        Bar.ShowAsync(surroundings, what, bar => work(bar is null ? null : new Rows(bar)));

    private sealed class Rows(IProgress<Passed> bar) : IProgress<VerifyProgress>
    {
        public void Report(VerifyProgress value) => bar.Report(new Passed(value.Rows, value.Sealed));
    }
}

/// <summary>A bundle in a file.</summary>
internal sealed class LogInBundle(Surroundings surroundings, string bundle) : LogPlace(surroundings)
{
    protected override Task<VerificationResult> VerifyThereAsync(VerifyOptions trust, CancellationToken cancellation) =>
        WithBarAsync("rows verified", bar => LogVerifier.VerifyBundleAsync(bundle, trust, bar, cancellation));

    protected override Task ExportThereAsync(
        string path, IReadOnlyDictionary<string, string> wanted, CancellationToken cancellation) =>
        throw new NotSupportedException("A bundle is exported already.");
}

/// <summary>
/// A store that can be opened from here. The key and the last checkpoint of the data directory are believed before
/// those in the store: whoever forged the store had to forge them too.
/// </summary>
internal sealed class LogInStore(Surroundings surroundings, BookPlace place) : LogPlace(surroundings)
{
    private readonly Surroundings surroundings = surroundings;

    protected override Task<VerificationResult> VerifyThereAsync(VerifyOptions trust, CancellationToken cancellation)
    {
        var options = place.Options;
        if (place.LacksStore)
        {
            throw new CommandException(
                ExitCode.VerificationFailed,
                $"There is no store {options.Store}" + (File.Exists(options.CheckpointFile)
                    ? $", and {options.CheckpointFile} remembers a log over one."
                    : ", so that nothing can be shown of one."));
        }

        return WithBarAsync("rows verified", async bar =>
        {
            var all = trust with
            {
                KeyFile = options.LogKeyFile,
                CheckpointFile = options.CheckpointFile,
                MaxUnsealed = options.MaxUnsealed,
                Entries = await EntriesAsync(options, cancellation),
            };
            var found = await LogVerifier.VerifyStoreAsync(options.Store, all, bar, cancellation);
            var made = await MadeOfIt.CompareAsync(options, found, ComparesAll, cancellation);
            return found with { Integrity = found.Integrity with { Faults = [.. found.Integrity.Faults, .. made] } };
        });
    }

    protected override async Task ExportThereAsync(
        string path, IReadOnlyDictionary<string, string> wanted, CancellationToken cancellation)
    {
        if (wanted.Count > 0)
        {
            // A part is asked for of a node, which knows whose a session is and writes down who was given it.
            await new LogAtServer(surroundings, place).ExportAsync(path, wanted, cancellation);
            return;
        }

        var options = place.RequireStore();
        await WithBarAsync("rows exported", async bar =>
        {
            var entries = await EntriesAsync(options, cancellation);
            await LogBundle.ExportAsync(options.Store, path, entries, bar, cancellation);
            return path;
        });
    }

    private static Task<EntryKeys> EntriesAsync(NodeOptions options, CancellationToken cancellation) =>
        StoreMeta.EntryKeysAsync(options.Store, options.OpenRowKeys(isNewStore: false), cancellation);
}

/// <summary>A node elsewhere, which gives its log as a bundle.</summary>
internal sealed class LogAtServer(Surroundings surroundings, BookPlace place) : LogPlace(surroundings)
{
    private readonly Surroundings surroundings = surroundings;

    protected override async Task<VerificationResult> VerifyThereAsync(
        VerifyOptions trust, CancellationToken cancellation)
    {
        var path = Path.Combine(Path.GetTempPath(), $"audit-{Guid.NewGuid():N}.zip");
        try
        {
            using var client = await place.FindNodeAsync(cancellation);
            await DownloadAsync(client, PathOf(new Dictionary<string, string>()), path, cancellation);
            return await new LogInBundle(surroundings, path).VerifyAsync(trust, cancellation);
        }
        finally
        {
            File.Delete(path);
        }
    }

    protected override async Task ExportThereAsync(
        string path, IReadOnlyDictionary<string, string> wanted, CancellationToken cancellation)
    {
        using var client = await place.FindNodeAsync(cancellation);
        await FetchAsync(client, PathOf(wanted), path, cancellation);
    }

    /// <summary>Writes a bundle that a node gives to a file, which is there only when it is whole.</summary>
    /// <param name="what">The address of the bundle.</param>
    public static async Task FetchAsync(NodeClient client, string what, string path, CancellationToken cancellation)
    {
        var partial = path + ".part";
        try
        {
            File.Delete(partial);
            await DownloadAsync(client, what, partial, cancellation);
            if (LogBundle.WhyStopped(partial) is { } why)
            {
                throw CommandException.Failed($"The node could not write its bundle to the end: {why}");
            }

            File.Move(partial, path, overwrite: true);
        }
        finally
        {
            File.Delete(partial);
        }
    }

    private static string PathOf(IReadOnlyDictionary<string, string> wanted) =>
        NodeClient.PathOf("v1/log/bundle", [.. wanted.Select(part => (part.Key, (string?)part.Value))]);

    private static async Task DownloadAsync(
        NodeClient client, string what, string path, CancellationToken cancellation)
    {
        using var answer = await client.RequireAsync(HttpMethod.Get, what, cancellation);
        try
        {
            // All that the agents did is in it.
            await using var file = OwnerOnly.Create(path);
            await answer.Content.CopyToAsync(file, cancellation);
        }
        catch (HttpRequestException failure)
        {
            throw CommandException.Failed($"{client.Server} broke off while it gave its log: {failure.Message}");
        }
    }
}

/// <summary>What is made of the journal, or says the same as it: the read models and the tokens.</summary>
internal static class MadeOfIt
{
    /// <summary>In a book of no more rows all is compared; it takes a second or two.</summary>
    private const long FewRows = 20_000;

    public static async Task<IReadOnlyList<IntegrityFault>> CompareAsync(
        NodeOptions options, VerificationResult found, bool comparesAll, CancellationToken cancellation)
    {
        if (found.Integrity.Rows == 0)
        {
            return [];
        }

        var keys = options.OpenRowKeys(isNewStore: false);
        await using var book = await StoreMeta.OpenBookAsync(options.Store, keys, cancellation);
        await using var reads = new ReadModelsCheck(options.Store, book.Opened);
        var models = comparesAll || found.Integrity.Rows <= FewRows
            ? await reads.AllAsync(
                Directory.Exists(options.Data) ? options.Data : Path.GetTempPath(),
                await CutAwayAsync(book, cancellation), cancellation)
            : await reads.SomeAsync(found.Sample, cancellation);
        var tokens = await TokensAsync(book, keys, cancellation);
        return
        [
            .. models.Select(one => new IntegrityFault(IntegrityFaultKind.ReadModelsDiffer, null, null, one)),
            .. tokens.Select(one => new IntegrityFault(IntegrityFaultKind.TokensDiffer, null, null, one)),
        ];
    }

    /// <summary>
    /// What was cut and stands in the read models until a node says that they were made anew: of that alone they say
    /// what the journal has no more.
    /// </summary>
    private static async Task<CutAway> CutAwayAsync(ReadBook book, CancellationToken cancellation)
    {
        var acts = await book.Opened.ReadStreamAsync(
            new StreamKey(StreamNames.Keeping), 0, int.MaxValue, cancellation);
        var (ends, forgotten) = (new Dictionary<long, long>(), 0L);
        foreach (var row in acts.Where(row => row.IsProven))
        {
            var view = EventReader.ViewOf(row);
            switch (view.Text(EventField.Act))
            {
                case DisposedRows.Act:
                    ends[row.Position] = long.MaxValue;
                    break;
                case DisposedRows.Done:
                    ends[Number(view, DisposedRows.NumberMember)] = row.Position;
                    break;
                case DisposedRows.Forgotten:
                    forgotten = Number(view, DisposedRows.ThroughMember);
                    break;
            }
        }

        var (positions, sessions) = (new HashSet<long>(), new HashSet<string>());
        foreach (var disposal in ends.Where(one => one.Value > forgotten).Select(one => one.Key))
        {
            positions.UnionWith(await book.Database.ReadAsync(
                session => session.QueryAsync(
                    "SELECT ordering FROM journal_cut WHERE disposal = $1", [disposal], row => row.Number(0),
                    cancellation),
                cancellation));
            sessions.UnionWith((await book.Database.ReadAsync(
                session => session.QueryAsync(
                    "SELECT persistence_id FROM journal_cut_stream WHERE disposal = $1", [disposal],
                    row => row.Text(0), cancellation),
                cancellation)).Select(StreamNames.PayloadOwner));
        }

        return new CutAway(positions, sessions);

        static long Number(EventView view, string name) =>
            JsonElement.Parse(view.Raw(EventField.Facts)).GetProperty(name).GetInt64();
    }

    private static async Task<List<string>> TokensAsync(
        ReadBook book, RowKeys keys, CancellationToken cancellation)
    {
        var (made, revoked) = (new HashSet<string>(), new HashSet<string>());
        try
        {
            await foreach (var act in new PeopleStream(book.Opened, FailureLog.None).ReadAsync(0, cancellation))
            {
                _ = act.Act switch
                {
                    PeopleAct.TokenCreated => made.Add(act.Name),
                    PeopleAct.TokenRevoked => revoked.Add(act.Name),
                    _ => false,
                };
            }
        }
        catch (JournalUnavailableException closed)
        {
            return [closed.Message];
        }

        var rows = await ITokenStore.Over(book.Database, keys).ListAsync(cancellation);
        var known = rows.ToDictionary(row => row.Name);
        return
        [
            .. rows.Where(row => !row.IsProven)
                .Select(row => $"The row of the token \"{row.Name}\" is not as a node of this store wrote it."),
            .. made.Where(name => !known.ContainsKey(name))
                .Select(name => $"The token \"{name}\" was made, and the table of tokens does not have it."),
            .. rows.Where(row => row.RevokedAt is null && revoked.Contains(row.Name)).Select(row =>
                $"The token \"{row.Name}\" was revoked, and its row was set back to before; it opens nothing."),
            .. rows.Where(row => row is { IsProven: true, RevokedAt: null } && row.Name != FirstToken.Name
                && !made.Contains(row.Name)).Select(row =>
                $"The table has the token \"{row.Name}\", and nothing in the journal made it."),
        ];
    }
}
