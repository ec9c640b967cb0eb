namespace Audit.Pages.Integrity;

/// <summary>
/// Runs verifications of the whole book, one at a time, and keeps the last one. What it found is written into the book.
/// </summary>
internal sealed class Verifications(
    OperatorActs acts, NodeLog log, ApiSettings settings, TimeProvider clock, FailureLog failures,
    IHostApplicationLifetime life)
{
    private readonly Lock gate = new();
    private VerificationRun? last;

    public VerificationRun? Last => Volatile.Read(ref last);

    /// <summary>Begins one, unless one is under way.</summary>
    public void Start(string by)
    {
        lock (gate)
        {
            if (last is { IsRunning: true })
            {
                return;
            }

            last = new VerificationRun(by, Timestamp.From(clock.GetUtcNow()));
        }

        _ = Task.Run(() => RunAsync(by), CancellationToken.None);
    }

    private async Task RunAsync(string by)
    {
        var isEnded = false;
        try
        {
            var verdict = await LogVerifier.VerifyStoreAsync(
                settings.Store, log.Trust, new Follower(this), life.ApplicationStopping);
            End(run => run with { Verdict = verdict });
            isEnded = true;
            await WriteAsync(by, verdict);
        }
        catch (Exception failure) when (isEnded)
        {
            failures.Report("writing down a verification", failure);
        }
        catch (OperationCanceledException) when (life.ApplicationStopping.IsCancellationRequested)
        {
            End(run => run with { Failure = "The node stopped before it was ended." });
        }
        catch (Exception failure)
        {
            // Nobody waits for the run: whatever ended it is reported here, and it must not stay under way.
            failures.Report("verification", failure);
            End(run => run with { Failure = failure.Message });
        }
    }

    private Task WriteAsync(string by, VerificationResult verdict) => acts.WriteAsync("log.verified", by, json =>
    {
        json.WriteBoolean("intact", verdict.Integrity.IsIntact);
        json.WriteBoolean("complete", verdict.Completeness.IsComplete);
        json.WriteNumber("rows", verdict.Integrity.Rows);
        json.WriteNumber("size", verdict.Integrity.Size);
        if (verdict.Integrity.FirstBadPosition is { } position)
        {
            json.WriteNumber("first_bad_position", position);
        }
    });

    private void End(Func<VerificationRun, VerificationRun> change) =>
        Change(run => change(run) with { EndedAt = Timestamp.From(clock.GetUtcNow()) });

    private void Change(Func<VerificationRun, VerificationRun> change)
    {
        lock (gate)
        {
            last = change(last!);
        }
    }

    private sealed class Follower(Verifications runs) : IProgress<VerifyProgress>
    {
        public void Report(VerifyProgress value) => runs.Change(run => run with { Progress = value });
    }
}

/// <summary>One verification of the book, under way or ended.</summary>
/// <param name="By">Who asked for it.</param>
public sealed record VerificationRun(string By, Timestamp StartedAt)
{
    /// <summary>How far it is, while it is under way.</summary>
    public VerifyProgress Progress { get; init; }

    public Timestamp? EndedAt { get; init; }

    /// <summary>What it found; null while it is under way, and where it could not be ended.</summary>
    public VerificationResult? Verdict { get; init; }

    /// <summary>Why it could not be ended.</summary>
    public string? Failure { get; init; }

    public bool IsRunning => EndedAt is null;
}
