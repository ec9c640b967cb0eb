using System.Data.Common;

namespace Audit.Api.Log;

/// <summary>
/// The tamper-evident log of a node: it is sealed from the node's start to its stop, where this node may.
/// </summary>
internal sealed partial class NodeLog : IAsyncDisposable
{
    /// <summary>The sealer rests for an interval between two signatures, so that one more may be waited for.</summary>
    private static readonly TimeSpan FinishPatience = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource ended = new();
    private readonly TamperEvidentLog log;
    private readonly IJournal journal;
    private readonly ILogger logger;
    private readonly FailureLog failures;
    private readonly TimeSpan interval;
    private Task watch = Task.CompletedTask;

    private NodeLog(TamperEvidentLog log, IJournal journal, ILogger logger, FailureLog failures, TimeSpan interval, TimeSpan waitPatience)
    {
        this.log = log;
        this.journal = journal;
        this.logger = logger;
        this.failures = failures;
        this.interval = interval;
        WaitPatience = waitPatience;
    }

    public LogReader Reader => log.Reader;

    public LogSealer Sealer => log.Sealer;

    /// <summary>How far the log was when somebody last asked.</summary>
    public LogHead? Known { get; private set; }

    public SealerStatus Status => log.Sealer.Status;

    /// <summary>How long receipts are held that were asked for sealed.</summary>
    public TimeSpan WaitPatience { get; }

    /// <exception cref="StoreException">The log cannot be opened; the message says why.</exception>
    public static async Task<NodeLog> OpenAsync(
        ApiSettings settings, IJournal journal, SealerOptions sealing, TimeSpan waitPatience, ILogger logger,
        FailureLog failures, CancellationToken cancellation)
    {
        try
        {
            var log = await TamperEvidentLog.OpenAsync(
                settings.Store, journal, new KeyFile(settings.LogKeyFile), sealing, cancellation);
            return new NodeLog(log, journal, logger, failures, sealing.Interval, waitPatience);
        }
        catch (DbException failure)
        {
            throw new StoreException($"The log of the store cannot be opened: {failure.Message}", failure);
        }
    }

    public SealingAnswer SealingAnswer() =>
        new(SealerWords.Of(Status.State), Status.Reason) { BadPosition = Status.Position };

    public void Start()
    {
        log.Sealer.Start();
        watch = WatchAsync(ended.Token);
    }

    /// <returns>How far the log is; null before there is one, and while its database does not answer.</returns>
    public async Task<LogHead?> TryHeadAsync(CancellationToken cancellation)
    {
        try
        {
            return Known = await Reader.HeadAsync(cancellation);
        }
        catch (Exception failure) when (failure is DbException or LogDamagedException)
        {
            failures.Report("head of the log", failure);
            return null;
        }
    }

    /// <summary>Lets what is committed be sealed once more, where that is a matter of a moment.</summary>
    public async Task FinishAsync()
    {
        if (Status.State != SealerState.Sealing)
        {
            return;
        }

        using var patience = new CancellationTokenSource(FinishPatience);
        try
        {
            var last = await journal.LastPositionAsync(patience.Token);
            await log.Sealer.WaitForSealedAsync(last, patience.Token);
        }
        catch (Exception failure) when (failure
            is OperationCanceledException or DbException or JournalUnavailableException or LogDamagedException)
        {
            // Nothing is lost by it: the next start goes on from the last checkpoint.
            if (failure is not OperationCanceledException)
            {
                failures.Report("last seal", failure);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await ended.CancelAsync();
        await watch;
        await log.DisposeAsync();
        ended.Dispose();
    }

    /// <summary>Whoever reads the node's output learns why it does not seal, once for each reason.</summary>
    private async Task WatchAsync(CancellationToken cancellation)
    {
        var told = "";
        while (!cancellation.IsCancellationRequested)
        {
            var status = Status;
            var reason = status.Reason ?? "";
            if (reason.Length > 0 && reason != told)
            {
                LogNotSealing(
                    status.IsHalted ? LogLevel.Error : LogLevel.Warning, SealerWords.Of(status.State), reason);
            }

            told = reason;
            await Task.Delay(interval, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    [LoggerMessage(Message = "The log is not sealed ({State}): {Reason}")]
    private partial void LogNotSealing(LogLevel level, string state, string reason);
}

/// <summary>The sealer's states as the API names them.</summary>
internal static class SealerWords
{
    public static string Of(SealerState state) => state switch
    {
        SealerState.Stopped => "stopped",
        SealerState.Starting => "starting",
        SealerState.Sealing => "sealing",
        SealerState.Standby => "standby",
        SealerState.NoKey => "no_key",
        SealerState.Waiting => "waiting",
        SealerState.Halted => "halted",
        _ => throw new ArgumentOutOfRangeException(nameof(state), state, null),
    };
}
