namespace Audit.Api.Diary;

/// <summary>
/// Writes down when the clock of the node was set: the times that it gives are what hosts' times are compared with.
/// </summary>
internal sealed class ClockWatch(IJournal journal, OperatorActs acts, TimeProvider clock, FailureLog failures)
    : IAsyncDisposable
{
    public const string Act = "node.clock_stepped";

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    /// <summary>Below it a clock may be led to the right time without being set.</summary>
    private static readonly TimeSpan Least = TimeSpan.FromSeconds(1);

    /// <summary>A look that was interrupted for longer compares what does not belong together.</summary>
    private static readonly TimeSpan LongestLook = TimeSpan.FromMilliseconds(100);

    private BackgroundWork? watch;
    private TimeSpan due;
    private long steps;

    /// <summary>How often the clock was set, as far as this node saw it.</summary>
    public long Steps => Interlocked.Read(ref steps);

    /// <summary>Compares the clock with the last row that somebody wrote before this start.</summary>
    public async Task CompareAsync(CancellationToken cancellation)
    {
        var rows = await journal.ReadBeforeAsync(long.MaxValue, limit: 1, byteLimit: 1, cancellation);
        var last = rows.Count == 0 ? 0 : Math.Clamp(rows[0].CreatedTicks, 0, DateTime.MaxValue.Ticks);
        due = TimeSpan.FromTicks(Math.Min(clock.GetUtcNow().UtcTicks - last, 0));
        steps = due.Duration() >= Least ? 1 : 0;
    }

    /// <summary>Goes on to compare it with how much time passes.</summary>
    public void Start() => watch = new BackgroundWork(WatchAsync);

    public ValueTask DisposeAsync() => watch?.DisposeAsync() ?? default;

    private async Task WatchAsync(CancellationToken cancellation)
    {
        var (known, since) = (Look(), "last_row");
        while (!cancellation.IsCancellationRequested)
        {
            if (due.Duration() >= Least && await TryWriteAsync(due, since))
            {
                due = TimeSpan.Zero;
            }

            await Task.Delay(Pause, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            var now = Look();
            var step = now.Time - known.Time - clock.GetElapsedTime(known.At, now.At);
            known = now;
            if (step.Duration() >= Least)
            {
                // One that could not be written yet is written with those that follow.
                (due, since) = (due + step, "last_look");
                Interlocked.Increment(ref steps);
            }
        }
    }

    private (DateTimeOffset Time, long At) Look()
    {
        while (true)
        {
            var at = clock.GetTimestamp();
            var time = clock.GetUtcNow();
            if (clock.GetElapsedTime(at) < LongestLook)
            {
                return (time, at);
            }
        }
    }

    private async Task<bool> TryWriteAsync(TimeSpan step, string since)
    {
        try
        {
            await acts.WriteAsync(Act, OperatorActs.Node, json =>
            {
                json.WriteNumber("by_ms", (long)step.TotalMilliseconds);
                json.WriteString("since", since);
            });
            return true;
        }
        catch (Exception failure) when (failure is JournalUnavailableException or EngineStoppedException)
        {
            failures.Report("writing down a step of the clock", failure);
            return false;
        }
    }
}
