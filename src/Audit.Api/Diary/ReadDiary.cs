namespace Audit.Api.Diary;

/// <summary>
/// Writes down who read what, a row for each answer, before it is given. When the journal cannot take a row it lies in
/// a file beside the node until it can; only when that fails too the read fails.
/// </summary>
internal sealed class ReadDiary : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan BetweenAttempts = TimeSpan.FromSeconds(1);

    private readonly IAuditEngine engine;
    private readonly TimeProvider clock;
    private readonly FailureLog failures;
    private readonly DiarySpool spool;
    private readonly string node;
    private readonly BackgroundWork work;

    /// <param name="data">The node's own directory.</param>
    public ReadDiary(IAuditEngine engine, TimeProvider clock, FailureLog failures, string data)
    {
        this.engine = engine;
        this.clock = clock;
        this.failures = failures;
        spool = new DiarySpool(Path.Combine(data, "diary.spool"));
        var place = Encoding.UTF8.GetBytes(Path.GetFullPath(data));
        node =
            $"{Environment.MachineName}-{Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(place).AsSpan(0, 4))}";
        // What lies in the file is entered first thing, and whenever the journal takes it again.
        work = BackgroundWork.Every(BetweenAttempts, clock, EnterSpoolAsync);
    }

    /// <exception cref="RefusedException">It can be written down nowhere.</exception>
    public async Task WriteAsync(ReadEntry entry)
    {
        var kept = new SpooledRead(Timestamp.From(clock.GetUtcNow()), entry.Act, entry.Reader, entry.Detail);
        if (!spool.IsEmpty || !await TryEnterAsync([kept]))
        {
            try
            {
                spool.Add(kept);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                failures.Report("diary of reads", failure);
                throw new RefusedException(new Problem(
                    503, "diary-away", "The read cannot be written down",
                    "Neither the journal nor this node's own file takes the diary of reads, and nothing is read "
                        + "unseen.")
                {
                    RetryAfter = 2,
                });
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await work.DisposeAsync();
        await EnterSpoolAsync();
    }

    private async Task EnterSpoolAsync()
    {
        try
        {
            await spool.EmptyAsync(TryEnterAsync);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            failures.Report("file of the diary of reads", failure);
        }
    }

    private async Task<bool> TryEnterAsync(IReadOnlyList<SpooledRead> reads)
    {
        try
        {
            var submitted = engine.SubmitAsync([.. reads.Select(Submission)], CancellationToken.None);
            var receipts = await submitted.WaitAsync(Patience, clock);
            return receipts.All(receipt => receipt.Status is ReceiptStatus.Recorded or ReceiptStatus.Duplicate);
        }
        catch (Exception failure) when (
            failure is JournalUnavailableException or EngineStoppedException or TimeoutException)
        {
            failures.Report("diary of reads", failure);
            return false;
        }
    }

    private OperatorSubmission Submission(SpooledRead read) => new(
        StreamNames.Reader(node, read.At.ToDateTimeOffset()), read.Act, read.Reader, read.At, read.Detail);
}
