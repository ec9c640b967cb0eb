using System.Data.Common;

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

    /// <exception cref="CommandException">It could not be verified; there is no verdict on the log then.</exception>
    public async Task<VerificationResult> VerifyAsync(VerifyOptions trust, CancellationToken cancellation)
    {
        VerificationResult? result = null;
        await WithSentencesAsync(async () => result = await VerifyThereAsync(trust, cancellation));
        return result!;
    }

    /// <exception cref="CommandException">It could not be exported.</exception>
    public Task ExportAsync(string path, CancellationToken cancellation) =>
        WithSentencesAsync(() => ExportThereAsync(path, cancellation));

    protected abstract Task<VerificationResult> VerifyThereAsync(VerifyOptions trust, CancellationToken cancellation);

    protected abstract Task ExportThereAsync(string path, CancellationToken cancellation);

    /// <summary>Shows rows going by.</summary>
    protected Task<T> WithBarAsync<T>(string what, Func<IProgress<VerifyProgress>?, Task<T>> work) =>
        Bar.ShowAsync(surroundings, what, bar => work(bar is null ? null : new Rows(bar)));

    private static async Task WithSentencesAsync(Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (Exception failure) when (failure is LogKeyException or NoteFormatException)
        {
            throw CommandException.WrongUse(failure.Message);
        }
        catch (LogDamagedException damaged)
        {
            throw new CommandException(ExitCode.VerificationFailed, damaged.Message);
        }
        catch (Exception failure) when (failure
            is BundleException or DbException or IOException or InvalidDataException or UnauthorizedAccessException)
        {
            throw CommandException.Failed($"It could not be read to its end: {failure.Message}");
        }
    }

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

    protected override Task ExportThereAsync(string path, CancellationToken cancellation) =>
        throw new NotSupportedException("A bundle is exported already.");
}

/// <summary>
/// A store that can be opened from here. The key and the last checkpoint of the data directory are believed before
/// those in the store: whoever forged the store had to forge them too.
/// </summary>
internal sealed class LogInStore(Surroundings surroundings, BookPlace place) : LogPlace(surroundings)
{
    protected override Task<VerificationResult> VerifyThereAsync(VerifyOptions trust, CancellationToken cancellation)
    {
        var options = place.RequireStore();
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

    protected override Task ExportThereAsync(string path, CancellationToken cancellation)
    {
        var options = place.RequireStore();
        return WithBarAsync("rows exported", async bar =>
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
            await DownloadAsync(path, cancellation);
            return await new LogInBundle(surroundings, path).VerifyAsync(trust, cancellation);
        }
        finally
        {
            File.Delete(path);
        }
    }

    protected override async Task ExportThereAsync(string path, CancellationToken cancellation)
    {
        var partial = path + ".part";
        try
        {
            File.Delete(partial);
            await DownloadAsync(partial, cancellation);
            File.Move(partial, path, overwrite: true);
        }
        finally
        {
            File.Delete(partial);
        }
    }

    private async Task DownloadAsync(string path, CancellationToken cancellation)
    {
        using var client = await place.FindNodeAsync(cancellation);
        using var answer = await client.RequireAsync(HttpMethod.Get, "v1/log/bundle", cancellation);
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
