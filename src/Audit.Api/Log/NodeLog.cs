using System.Data.Common;

namespace Audit.Api.Log;

/// <summary>
/// The tamper-evident log of a node: it is sealed from the node's start to its stop, where this node may.
/// </summary>
internal sealed partial class NodeLog : IAsyncDisposable
{
    /// <summary>The sealer rests for an interval between two signatures, so that one more may be waited for.</summary>
    private static readonly TimeSpan FinishPatience = TimeSpan.FromSeconds(2);

    /// <summary>Health is answered also while no database answers.</summary>
    private static readonly TimeSpan LookPatience = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(5);

    private readonly TamperEvidentLog log;
    private readonly ILogKeyring keys;
    private readonly IJournal journal;
    private readonly ILogger logger;
    private readonly FailureLog failures;
    private readonly SealerOptions options;
    private readonly ApiSettings settings;
    private readonly Lock gate = new();
    private Task looking = Task.CompletedTask;
    private BackgroundWork? watch;

    private NodeLog(
        TamperEvidentLog log, ILogKeyring keys, ApiSettings settings, IJournal journal, EntryKeys entries,
        SealerOptions options, ILogger logger, FailureLog failures, TimeSpan waitPatience)
    {
        this.log = log;
        this.keys = keys;
        this.settings = settings;
        this.journal = journal;
        this.logger = logger;
        this.failures = failures;
        this.options = options;
        Entries = entries;
        WaitPatience = waitPatience;
    }

    public LogReader Reader => log.Reader;

    public LogSealer Sealer => log.Sealer;

    /// <summary>What the entries of this store are made with.</summary>
    public EntryKeys Entries { get; }

    /// <summary>How far the log was when somebody last asked.</summary>
    public LogHead? Known { get; private set; }

    /// <summary>What waited for its seal when somebody last looked.</summary>
    public SealsWaiting? Seals { get; private set; }

    /// <summary>Whether others had cosigned what was signed; null where nobody is asked to.</summary>
    public WitnessHealth? Witnessed { get; private set; }

    /// <summary>How this node verifies its own store.</summary>
    public VerifyOptions Trust => new()
    {
        KeyFile = settings.LogKeyFile,
        CheckpointFile = settings.CheckpointFile,
        Entries = Entries,
        MaxUnsealed = settings.MaxUnsealed,
        Now = options.Clock.GetUtcNow(),
    };

    public SealerStatus Status => log.Sealer.Status;

    /// <summary>What the scrub could not read of the journal; null where nothing is known of that.</summary>
    public StoreDamagedException? Damage => options.Damage.Found;

    /// <summary>Whether nothing is sealed until a person did something, as far as this node knows.</summary>
    public bool IsHalted => Status.IsHalted;

    /// <summary>How long receipts are held that were asked for sealed.</summary>
    public TimeSpan WaitPatience { get; }

    /// <exception cref="StoreException">The log cannot be opened; the message says why.</exception>
    public static async Task<NodeLog> OpenAsync(
        ApiSettings settings, IJournal journal, ILogKeyring keys, EntryKeys entries, SealerOptions sealing,
        TimeSpan waitPatience, ILogger logger, FailureLog failures, CancellationToken cancellation)
    {
        try
        {
            var log = await TamperEvidentLog.OpenAsync(
                settings.Store, journal, keys, entries, sealing, cancellation);
            return new NodeLog(log, keys, settings, journal, entries, sealing, logger, failures, waitPatience);
        }
        catch (DbException failure)
        {
            throw new StoreException($"The log of the store cannot be opened: {failure.Message}", failure);
        }
    }

    /// <inheritdoc cref="LogMemory.FindLostAsync"/>
    public Task<IReadOnlyList<Remembered>> FindLostAsync(CancellationToken cancellation) =>
        log.Memory.FindLostAsync(cancellation);

    public SealingAnswer SealingAnswer() =>
        new(SealerWords.Of(Status.State), Status.Reason) { BadPosition = Status.Position };

    public void Start()
    {
        log.Sealer.Start();
        watch = new BackgroundWork(WatchAsync);
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

    /// <summary>Looks how far the log is and what waits for it; the last look stays where nothing answers.</summary>
    public async Task LookAsync(CancellationToken cancellation)
    {
        var head = await TryHeadAsync(cancellation);
        try
        {
            var waiting = await WaitingAfterAsync(head?.LastPosition ?? 0, cancellation);
            // A row that claims to be of the future would never be late.
            var isOverdue = waiting > settings.MaxUnsealed || waiting < -ClockSkew;
            Seals = new SealsWaiting(waiting, isOverdue, await Reader.UnprovenAsync(cancellation));
        }
        catch (Exception failure) when (failure
            is DbException or LogDamagedException or JournalUnavailableException)
        {
            failures.Report("look at what waits for its seal", failure);
        }
    }

    /// <returns>Since when the oldest row after a position is there; zero where there is none.</returns>
    public async Task<TimeSpan> WaitingAfterAsync(long position, CancellationToken cancellation)
    {
        var rows = await journal.ReadAfterAsync(position, limit: 1, byteLimit: 1, cancellation);
        return rows.Count == 0
            ? TimeSpan.Zero
            : options.Clock.GetUtcNow() - new DateTimeOffset(
                Math.Clamp(rows[0].CreatedTicks, 0, DateTime.MaxValue.Ticks), TimeSpan.Zero);
    }

    /// <summary>Looks at all of it, once at a time, however many wait for that.</summary>
    public Task LookOnceAsync()
    {
        lock (gate)
        {
            return looking = looking.IsCompleted ? LookAtAllAsync() : looking;
        }
    }

    /// <returns>
    /// How the log does, and whether nobody need look. What no database says in time is as it was at the last look.
    /// </returns>
    public async Task<(SealingHealth Health, bool IsWell)> HealthAsync(CancellationToken cancellation)
    {
        await Task.WhenAny(LookOnceAsync(), Task.Delay(LookPatience, cancellation));
        var (status, seals, scrubbed) = (Status, Seals, Sealer.Scrubbed);
        var halt = Known?.Log.Halt;
        var isHalted = status.IsHalted || halt is not null;
        var unproven = seals?.Unproven ?? default;
        var health = new SealingHealth(
            isHalted ? "halted" : seals is null or { IsOverdue: true } ? "overdue" : SealerWords.Of(status.State),
            Known?.Log.Origin, Known?.LastPosition ?? 0, Math.Round(seals?.Waiting.TotalSeconds ?? 0, 1),
            unproven.Count, halt?.Reason ?? status.Reason, halt?.Position ?? status.Position,
            unproven.Count > 0 ? unproven.First : null, scrubbed?.Position,
            TimeOf(scrubbed?.EndedAt), Witnessed);
        return (health, !isHalted && seals is { IsOverdue: false });
    }

    /// <summary>Whether others cosigned what was signed; null where nobody is asked to.</summary>
    public async Task<WitnessHealth?> WitnessedAsync(CancellationToken cancellation)
    {
        if (options.Witnesses.Quorum == 0 || Known is not { } head)
        {
            return null;
        }

        var witnessed = await Reader.WitnessedAsync(options.Witnesses.Quorum, cancellation);
        var lacking = witnessed?.Size == head.Size
            ? TimeSpan.Zero
            : options.Clock.GetUtcNow() - (witnessed?.SignedAt ?? head.Log.StartedAt);
        return new WitnessHealth(
            options.Witnesses.Quorum, witnessed?.Size ?? 0, Math.Round(lacking.TotalSeconds, 1),
            lacking > settings.MaxUnwitnessed,
            [.. Sealer.Witnesses.Select(one => new WitnessAnswer(one.Name, one.Size, TimeOf(one.At), one.Problem))]);
    }

    /// <summary>The newest checkpoint with its quorum; null where there is none.</summary>
    public Task<StoredCheckpoint?> WitnessedCheckpointAsync(CancellationToken cancellation) =>
        Reader.WitnessedAsync(options.Witnesses.Quorum, cancellation);

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
        await (watch?.DisposeAsync() ?? default);
        await log.DisposeAsync();
        (keys as IDisposable)?.Dispose();
    }

    private async Task LookAtAllAsync()
    {
        await LookAsync(CancellationToken.None);
        try
        {
            Witnessed = await WitnessedAsync(CancellationToken.None);
        }
        catch (Exception failure) when (failure is DbException or LogDamagedException)
        {
            failures.Report("look at what is cosigned", failure);
        }
    }

    /// <summary>Whoever reads the node's output learns why it does not seal, once for each reason.</summary>
    private async Task WatchAsync(CancellationToken cancellation)
    {
        var reported = "";
        while (!cancellation.IsCancellationRequested)
        {
            var status = Status;
            var reason = status.Reason ?? "";
            if (reason.Length > 0 && reason != reported)
            {
                LogNotSealing(
                    status.IsHalted ? LogLevel.Error : LogLevel.Warning, SealerWords.Of(status.State), reason);
            }

            reported = reason;
            await Task.Delay(options.Interval, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static string? TimeOf(DateTimeOffset? time) =>
        time?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    [LoggerMessage(Message = "The log is not sealed ({State}): {Reason}")]
    private partial void LogNotSealing(LogLevel level, string state, string reason);
}

/// <summary>What waits for its seal, and what was sealed without a proof.</summary>
/// <param name="Waiting">Since when the oldest row waits; zero where none does.</param>
internal sealed record SealsWaiting(TimeSpan Waiting, bool IsOverdue, UnprovenRows Unproven);

/// <summary>The sealer's states as the API names them.</summary>
internal static class SealerWords
{
    public static string Of(SealerState state) => state switch
    {
        SealerState.Stopped => "stopped",
        SealerState.Starting => "starting",
        SealerState.Sealing => "sealing",
        SealerState.Standby => "standby",
        SealerState.Elsewhere => "elsewhere",
        SealerState.NoKey => "no_key",
        SealerState.NoMemory => "no_memory",
        SealerState.Waiting => "waiting",
        SealerState.Halted => "halted",
        _ => throw new ArgumentOutOfRangeException(nameof(state), state, null),
    };
}
