namespace Audit.Integrity.Sealing;

/// <summary>Where checkpoints are kept beside the store, so that somebody else remembers them.</summary>
public interface ICheckpointOutlet
{
    /// <summary>Keeps one more.</summary>
    Task AppendAsync(SignedCheckpoint checkpoint, CancellationToken cancellation);

    /// <summary>
    /// The last one that was kept of a log; null where there is none, or where it cannot be read back.
    /// </summary>
    Task<SignedCheckpoint?> FindLastAsync(KeyChain keys, CancellationToken cancellation);
}

/// <summary>A file to which checkpoints are appended, each after a blank line.</summary>
public sealed class FileOutlet(string path) : ICheckpointOutlet
{
    private const string Between = "\n\n\n";

    public async Task AppendAsync(SignedCheckpoint checkpoint, CancellationToken cancellation)
    {
        OwnerOnly.MakeFile(path);
        await using var file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read);
        await file.WriteAsync(Encoding.UTF8.GetBytes(checkpoint + "\n\n"), cancellation);
        file.Flush(flushToDisk: true);
    }

    public async Task<SignedCheckpoint?> FindLastAsync(KeyChain keys, CancellationToken cancellation)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        var text = await File.ReadAllTextAsync(path, cancellation);
        return text.Split(Between, StringSplitOptions.RemoveEmptyEntries).Select(Parse)
            .Where(kept => kept is not null && keys.Signed(kept)).MaxBy(kept => kept!.Checkpoint.Size);
    }

    // A line that was cut by a crash is none.
    private static SignedCheckpoint? Parse(string note)
    {
        try
        {
            return SignedCheckpoint.Parse(note.TrimEnd('\n') + "\n");
        }
        catch (NoteFormatException)
        {
            return null;
        }
    }
}

/// <summary>An address to which each checkpoint is posted; nothing is read back from it.</summary>
public sealed class UrlOutlet(Uri url) : ICheckpointOutlet
{
    private readonly HttpClient http = new() { Timeout = TimeSpan.FromSeconds(30) };

    public async Task AppendAsync(SignedCheckpoint checkpoint, CancellationToken cancellation)
    {
        using var content = new StringContent(checkpoint.ToString());
        try
        {
            using var answer = await http.PostAsync(url, content, cancellation);
            answer.EnsureSuccessStatusCode();
        }
        catch (OperationCanceledException late) when (!cancellation.IsCancellationRequested)
        {
            throw new HttpRequestException($"{url} did not answer in time.", late);
        }
    }

    public Task<SignedCheckpoint?> FindLastAsync(KeyChain keys, CancellationToken cancellation) =>
        Task.FromResult<SignedCheckpoint?>(null);
}

/// <summary>Keeps checkpoints elsewhere for as long as a node seals.</summary>
internal static class OutletFeed
{
    public static async Task RunAsync(
        LogStore store, LogRecord log, SealerOptions options, CancellationToken cancellation)
    {
        var kept = 0L;
        while (options.Outlet is { } outlet)
        {
            if (await store.ReadLastCheckpointAsync(log.Number, cancellation) is { } newest && newest.Size > kept)
            {
                try
                {
                    await outlet.AppendAsync(SignedCheckpoint.Parse(newest.Note), cancellation);
                    kept = newest.Size;
                }
                catch (Exception failure) when (failure
                    is IOException or UnauthorizedAccessException or HttpRequestException)
                {
                    // Sealing does not wait for it; it is reported, and tried again with the next one.
                    options.Failures.Report("checkpoint outlet", failure);
                }
            }

            await Task.Delay(options.OutletPause, options.Clock, cancellation);
        }

        await Task.Delay(Timeout.Infinite, cancellation);
    }
}
