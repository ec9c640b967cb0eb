namespace Audit.Api.Diary;

/// <summary>
/// Writes down who read what and when, a second's reads at a time. No read waits for it; what is more than a second can
/// hold is counted.
/// </summary>
internal sealed class ReadDiary : IAsyncDisposable
{
    public const string Act = "read";

    private const int MostReads = 1_000;
    private const int LongestTarget = 2_000;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    private readonly Lock gate = new();
    private readonly CancellationTokenSource stop = new();
    private readonly IAuditEngine engine;
    private readonly TimeProvider clock;
    private readonly FailureLog failures;
    private readonly Task work;
    private Dictionary<string, List<ReadEntry>> pending = [];
    private Dictionary<string, long> more = [];

    public ReadDiary(IAuditEngine engine, TimeProvider clock, FailureLog failures)
    {
        this.engine = engine;
        this.clock = clock;
        this.failures = failures;
        work = Task.Run(WorkAsync);
    }

    private Timestamp Now => Timestamp.From(clock.GetUtcNow());

    public void Note(string reader, string target, int status)
    {
        var entry = new ReadEntry(Now, target.Length > LongestTarget ? target[..LongestTarget] : target, status);
        lock (gate)
        {
            if (!pending.TryGetValue(reader, out var reads))
            {
                pending.Add(reader, reads = []);
            }

            if (reads.Count < MostReads)
            {
                reads.Add(entry);
            }
            else
            {
                more[reader] = more.GetValueOrDefault(reader) + 1;
            }
        }
    }

    /// <summary>Writes what is left. To be called while the engine still takes something.</summary>
    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await work;
        await WriteAllAsync();
        stop.Dispose();
    }

    private async Task WorkAsync()
    {
        while (!stop.IsCancellationRequested)
        {
            await Task.Delay(Pause, clock, stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await WriteAllAsync();
        }
    }

    private async Task WriteAllAsync()
    {
        Dictionary<string, List<ReadEntry>> taken;
        Dictionary<string, long> counted;
        lock (gate)
        {
            if (pending.Count == 0)
            {
                return;
            }

            (taken, counted) = (pending, more);
            (pending, more) = ([], []);
        }

        try
        {
            await engine.SubmitAsync(
                [.. taken.Select(reads => Submission(reads.Key, reads.Value, counted.GetValueOrDefault(reads.Key)))],
                CancellationToken.None);
        }
        catch (Exception failure) when (failure is JournalUnavailableException or EngineStoppedException)
        {
            failures.Report("diary of reads", failure);
        }
    }

    private OperatorSubmission Submission(string reader, List<ReadEntry> reads, long more)
    {
        var detail = OperatorActs.DetailOf(json =>
        {
            json.WriteStartArray("reads");
            foreach (var read in reads)
            {
                json.WriteStartObject();
                json.WriteString("at", read.At.ToString());
                json.WriteString("target", read.Target);
                json.WriteNumber("status", read.Status);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteNumber("more", more);
        });
        var now = Now;
        return new OperatorSubmission(
            StreamNames.Reader(reader, now.ToDateTimeOffset()), Act, reader, now, detail);
    }

    private readonly record struct ReadEntry(Timestamp At, string Target, int Status);
}
