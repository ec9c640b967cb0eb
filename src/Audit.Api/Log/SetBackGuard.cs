using System.Data.Common;
using Audit.Api.Diary;

namespace Audit.Api.Log;

/// <summary>
/// Looks at the start and now and then whether the journal still has what the log, kept checkpoints, the read models
/// and the text index remember of it. What is written into a journal that was set back takes the place of what others
/// have receipts for.
/// </summary>
internal sealed partial class SetBackGuard(
    NodeLog log, ReadSide reads, IAuditStore store, TimeProvider clock, TimeSpan pause, FailureLog failures,
    ILogger logger) : IAsyncDisposable
{
    /// <summary>For whoever asks, without a number: not everybody may know how long the book is.</summary>
    public const string Sentence =
        "The journal lacks rows that the log or the read models remember: it was set back, or another one was put in "
        + "its place. The node takes nothing until the journal is put back, or the node is started with "
        + "--accept-set-back REASON.";

    private const string Models = "read models";
    private const string Search = "text index";
    private const string WriteAhead = "write-ahead log";

    /// <summary>What usually was done, for whoever looks for it at night.</summary>
    private static readonly (string By, string Sentence)[] Causes =
    [
        (WriteAhead, "journal.db was copied from under a running node, without its journal.db-wal or while the node "
            + "went on: what was acknowledged last is not in it. Put both files back, or a backup of audit backup."),
        ("log", "The log is newer than the journal: the journal was copied before it, or is an older copy."),
        ("log.checkpoint", "The data directory remembers more than the store has: an older copy of the store lies "
            + "there, or the log and the journal were both set back."),
    ];

    private BackgroundWork? watch;
    private volatile IReadOnlyList<Remembered> lost = [];

    /// <summary>Why hosts and people add nothing to this book; null for a living one.</summary>
    public string? TakesNothing { get; } = store.OpenedFrom is { } archive
        ? $"this book was made of the archive {archive}, and is only read"
        : null;

    /// <summary>Whether nothing may be taken.</summary>
    public bool IsSetBack => lost.Count > 0;

    /// <exception cref="JournalSetBackException">Nothing may be taken.</exception>
    public void RequireWhole()
    {
        if (IsSetBack)
        {
            throw new JournalSetBackException(Sentence);
        }
    }

    /// <summary>Looks; what is found is looked at again before it counts.</summary>
    public async Task LookAsync(CancellationToken cancellation)
    {
        var found = await FindAsync(cancellation);
        found = found.Count > 0 ? await FindAsync(cancellation) : found;
        if (found.Count > 0 != IsSetBack)
        {
            Report(found);
        }

        lost = found;
    }

    /// <summary>Goes on looking.</summary>
    public void Start() => watch = new BackgroundWork(WatchAsync);

    /// <summary>
    /// Lets the node go on with the journal as it is, on the word of whoever started it: the log begins anew over it,
    /// and what is made for reading is made again.
    /// </summary>
    /// <exception cref="StoreException">That cannot be done; the message says why.</exception>
    public async Task AcceptAsync(string reason, OperatorActs acts, CancellationToken cancellation)
    {
        reason = acts.Redacted(reason);
        var accepted = lost;
        if (accepted.Count == 0)
        {
            throw new StoreException(
                "Nothing remembers more than the journal has: start the node without --accept-set-back.");
        }

        var last = await store.Opened.LastPositionAsync(cancellation);
        lost = [];
        try
        {
            await acts.WriteAsync("store.set_back_accepted", OperatorActs.Node, json =>
            {
                json.WriteString("reason", reason);
                json.WriteNumber("last_position", last);
                json.WriteNumber("lost_from", Math.Min(last + 1, accepted.Min(one => one.Position)));
                json.WriteNumber("lost_until", accepted.Max(one => one.Position));
                json.WriteStartObject("remembered");
                foreach (var one in accepted)
                {
                    json.WriteNumber(one.By, one.Position);
                }

                json.WriteEndObject();
            });
            await BeginAnewAsync(accepted, reason, acts, cancellation);
            await store.AcceptTornAsync(cancellation);
        }
        catch (Exception failure) when (failure is SealingRefusedException or LogKeyException)
        {
            throw new StoreException($"The set back cannot be accepted by this node: {failure.Message}", failure);
        }

        await LookAsync(cancellation);
    }

    public ValueTask DisposeAsync() => watch?.DisposeAsync() ?? default;

    private async Task BeginAnewAsync(
        IReadOnlyList<Remembered> accepted, string reason, OperatorActs acts, CancellationToken cancellation)
    {
        if (accepted.Any(one => one.By is not (Models or Search)))
        {
            if ((await log.Reader.LogsAsync(cancellation)).Count > 0)
            {
                await log.Sealer.RestartAsync(
                    reason, OperatorActs.Node, null,
                    (restart, _) => LogEndpoints.WriteRestartedAsync(acts, OperatorActs.Node, restart), cancellation);
            }
            else
            {
                await log.Sealer.ForgetAsync(cancellation);
            }
        }

        if (accepted.Any(one => one.By == Models))
        {
            await reads.RebuildAsync(null, cancellation);
        }

        if (accepted.Any(one => one.By == Search))
        {
            await reads.Search.RebuildAsync(null, cancellation);
        }
    }

    private async Task<IReadOnlyList<Remembered>> FindAsync(CancellationToken cancellation) =>
    [
        .. store.IsTorn
            ? [new Remembered(WriteAhead, await store.Journal.LastPositionAsync(cancellation) + 1)]
            : Array.Empty<Remembered>(),
        .. await UnlessDamagedAsync(one => one.By is not (Models or Search), () => log.FindLostAsync(cancellation)),
        .. await UnlessDamagedAsync(one => one.By is Models or Search, async () =>
        {
            var found = await reads.FindLostAsync(cancellation);
            return
            [
                .. found.Models is { } models ? [new Remembered(Models, models)] : Array.Empty<Remembered>(),
                .. found.Search is { } search ? [new Remembered(Search, search)] : Array.Empty<Remembered>(),
            ];
        }),
    ];

    /// <summary>What cannot be read is not gone, and what can is served: readiness says what is wrong.</summary>
    /// <param name="isOfIt">Of what was found before, and then still holds.</param>
    private async Task<IReadOnlyList<Remembered>> UnlessDamagedAsync(
        Func<Remembered, bool> isOfIt, Func<Task<IReadOnlyList<Remembered>>> find)
    {
        try
        {
            return await find();
        }
        catch (Exception damage) when (damage
            is StoreDamagedException or JournalUnavailableException { Trouble: JournalTrouble.Damaged })
        {
            failures.Report("look at what is remembered of the journal", damage);
            return [.. lost.Where(isOfIt)];
        }
    }

    private async Task WatchAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            await Task.Delay(pause, clock, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            try
            {
                await LookAsync(cancellation);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure) when (failure
                is DbException or StoreException or JournalUnavailableException or ReadModelsException)
            {
                // Who does not answer says nothing of the journal; what was known stays.
                failures.Report("look at what is remembered of the journal", failure);
            }
        }
    }

    private void Report(IReadOnlyList<Remembered> found)
    {
        if (found.Count > 0)
        {
            LogSetBack(
                string.Join(", ", found.Select(one => $"{one.By} {one.Position}")), string.Join(
                    ' ', Causes.Where(cause => found.Any(one => one.By == cause.By)).Select(cause => cause.Sentence)
                        .Prepend(Sentence)));
        }
        else
        {
            LogWell();
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Sentence} Remembered: {Remembered}.")]
    private partial void LogSetBack(string remembered, string sentence);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The journal has again what is remembered of it.")]
    private partial void LogWell();
}
