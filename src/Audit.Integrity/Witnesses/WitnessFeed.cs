namespace Audit.Integrity.Witnesses;

/// <summary>
/// Sends each witness the newest checkpoint, as fast as it answers, and keeps what it signs. Sealing and serving never
/// wait for it.
/// </summary>
internal sealed class WitnessFeed(LogStore store, WitnessOptions options, TimeProvider clock, FailureLog failures)
{
    /// <summary>So many pauses the others wait for one that does not answer.</summary>
    private const int PausesForOne = 10;

    private readonly WitnessClient[] clients =
        [.. options.Witnesses.Select(witness => new WitnessClient(options.Http, witness))];

    private readonly WitnessStatus[] statuses =
        [.. options.Witnesses.Select(witness => new WitnessStatus(witness.Key.Name, witness.Url, 0, null, null))];

    private readonly Lock gate = new();
    private StoredCheckpoint? target;
    private int signed;
    private DateTimeOffset since;

    public IReadOnlyList<WitnessStatus> Statuses => statuses;

    /// <summary>Feeds the witnesses for as long as this node seals.</summary>
    public Task RunAsync(LogSession session, LogRecord log, CancellationToken cancellation)
    {
        // What was asked for last may be of a log that was ended.
        target = null;
        return Task.WhenAll(
            Enumerable.Range(0, clients.Length).Select(index => FollowAsync(index, session, log, cancellation))
                .Append(Task.Delay(Timeout.Infinite, cancellation)));
    }

    /// <summary>Whether a quorum of witnesses saw nothing newer of the log than the store has.</summary>
    public async Task<bool> VouchesAsync(LogRecord log, SignedCheckpoint newest, CancellationToken cancellation)
    {
        if (options.Quorum == 0)
        {
            return false;
        }

        var vouched = 0;
        for (var index = 0; index < clients.Length; index++)
        {
            var answer = await AskAsync(index, log, newest, cancellation);
            if (answer?.Ahead is not null)
            {
                return false;
            }

            vouched += answer?.Line is null ? 0 : 1;
        }

        return vouched >= options.Quorum;
    }

    private async Task FollowAsync(int index, LogSession session, LogRecord log, CancellationToken cancellation)
    {
        var sent = 0L;
        while (true)
        {
            if (await store.ReadLastCheckpointAsync(log.Number, cancellation) is { } newest
                && Next(newest) is var stored && stored.Size > sent
                && await AskAsync(index, log, SignedCheckpoint.Parse(stored.Note), cancellation) is { Line: { } line })
            {
                await session.KeepCosignatureAsync(
                    log.Number, stored, clients[index].Witness.Key.ToString(), line, options.Quorum, cancellation);
                sent = stored.Size;
                NoteSigned(stored);
            }

            await Task.Delay(options.Pause, clock, cancellation);
        }
    }

    /// <summary>
    /// The one that all are asked for, until a quorum has signed it or that takes too long: a log that grows all the
    /// time would else have a cosignature each on many, and a quorum on none.
    /// </summary>
    private StoredCheckpoint Next(StoredCheckpoint newest)
    {
        lock (gate)
        {
            var now = clock.GetUtcNow();
            if (target is { } asked && signed < options.Quorum && now - since <= PausesForOne * options.Pause)
            {
                return asked;
            }

            (target, signed, since) = (newest, target?.Size == newest.Size ? signed : 0, now);
            return newest;
        }
    }

    private void NoteSigned(StoredCheckpoint stored)
    {
        lock (gate)
        {
            signed += stored.Size == target?.Size ? 1 : 0;
        }
    }

    /// <returns>Null where the witness did not answer.</returns>
    private async Task<WitnessAnswer?> AskAsync(
        int index, LogRecord log, SignedCheckpoint stored, CancellationToken cancellation)
    {
        var size = stored.Checkpoint.Size;
        // Without the cosignatures of others, which are none of its business.
        var alone = stored with { Note = stored.Note with { Signatures = [.. stored.Note.Signatures.Where(IsOfLog)] } };
        try
        {
            var answer = await clients[index].AddAsync(
                alone,
                older => new TreeReader(new StoreTiles(store, log.Number), size).ConsistencyAsync(older, cancellation),
                cancellation);
            statuses[index] = answer.Line is null
                ? statuses[index] with { Problem = answer.Problem }
                : statuses[index] with { Size = size, At = clock.GetUtcNow(), Problem = null };
            return answer;
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException
            || (failure is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            failures.Report("witness", failure);
            statuses[index] = statuses[index] with { Problem = failure.Message };
            return null;
        }

        bool IsOfLog(NoteSignature line) => line.Name == log.Origin;
    }
}

/// <summary>Who cosigns the log's checkpoints.</summary>
public sealed record WitnessOptions
{
    public static WitnessOptions None { get; } = new();

    public IReadOnlyList<WitnessAddress> Witnesses { get; init; } = [];

    /// <summary>How many of them make a checkpoint a witnessed one.</summary>
    public int Quorum { get; init; }

    /// <summary>The shortest time between two checkpoints that a witness is sent.</summary>
    public TimeSpan Pause { get; init; } = TimeSpan.FromSeconds(1);

    internal HttpClient Http { get; } = new() { Timeout = TimeSpan.FromSeconds(30) };
}

/// <summary>How a witness does, as the node that seals sees it.</summary>
/// <param name="Size">Of the newest checkpoint that it cosigned.</param>
/// <param name="Problem">Why it did not cosign the last one that it was sent; null where it did.</param>
public sealed record WitnessStatus(string Name, Uri Url, long Size, DateTimeOffset? At, string? Problem);
