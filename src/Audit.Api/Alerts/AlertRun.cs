using Audit.Api.Diary;
using Audit.Api.Log;
using Audit.Api.Reading;
using Audit.Storage.Postgres;

namespace Audit.Api.Alerts;

/// <summary>What goes on for one destination as long as this node sends: a step, and again and again.</summary>
internal interface IAlertRun : IAsyncDisposable
{
    /// <summary>All rows up to here were looked at, or written; null before the first look.</summary>
    long? Position { get; }

    /// <summary>What stands in the way of a part of it, while the rest goes on.</summary>
    string? Trouble { get; }

    /// <returns>Whether there is more to do at once.</returns>
    Task<bool> StepAsync(CancellationToken cancellation);
}

/// <summary>What the runs of all destinations have in common.</summary>
internal sealed record AlertGround(
    IAuditStore Store, ReadSide Reads, NodeLog Log, SetBackGuard Guard, AlertRules Rules, AlertSender Sender,
    OperatorActs Acts, AlertTimes Times, TimeProvider Clock, FailureLog Failures);

/// <summary>How often it is looked for something new, and how long a segment waits for more.</summary>
internal sealed record AlertTimes(TimeSpan Pause, TimeSpan Segment)
{
    public static readonly AlertTimes Usual = new(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));
}

/// <summary>
/// Posts the alerts of one destination, in the order of the book. What is not taken steps aside and is tried again
/// after longer and longer pauses, until it is given up; those behind it go on. What waits is bounded: while it is full
/// the journal is read no further, where all that is not looked at yet waits as well.
/// </summary>
/// <param name="lead">Only who has it keeps anything: another node may have gone on meanwhile.</param>
internal sealed class WebhookRun(
    AlertGround ground, AlertDestination destination, AlertPlan plan, DestinationState state, HeldLock lead)
    : IAlertRun
{
    private const int RowsAtOnce = 500, SentAtOnce = 20, MostWaiting = 500, MostDead = 100, MostKnown = 500;
    private const long SearchedAtOnce = 2_000, RowsUnsaved = 5_000;

    /// <summary>After each failure; the last one is followed by no other try.</summary>
    private static readonly TimeSpan[] Pauses =
    [
        TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(10),
        TimeSpan.FromHours(1), TimeSpan.FromHours(4), TimeSpan.FromHours(12),
    ];

    private static readonly TimeSpan LongestRest = TimeSpan.FromMinutes(1), LongestAsked = TimeSpan.FromHours(1);

    private readonly string place = $"alerts to {destination.Name}";
    private int failuresInARow;
    private DateTimeOffset restsUntil;
    private long savedRows = state.Rows;
    private bool isChanged;

    public static int MostTries => Pauses.Length + 1;

    public DestinationState State => state;

    public long? Position => state.Rows;

    public string? Trouble { get; private set; }

    public async Task<bool> StepAsync(CancellationToken cancellation)
    {
        LookAtHalts();
        var isMore = false;
        if (state.Waiting.Count < MostWaiting)
        {
            // What stands in the way of one keeps nothing else from being told.
            isMore = await TryAsync(() => ReadRowsAsync(cancellation))
                | await TryAsync(() => AskSearchesAsync(cancellation));
        }

        if (isChanged || state.Rows - savedRows > RowsUnsaved)
        {
            // Before anything is sent: what is found is not forgotten, whatever comes then.
            await SaveAsync(cancellation);
        }

        isMore |= await SendAsync(cancellation);
        if (isChanged)
        {
            await SaveAsync(cancellation);
        }

        return isMore;
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await SaveAsync(CancellationToken.None);
        }
        catch (Exception away)
        {
            // What was read since is read again.
            ground.Failures.Report(place, away);
        }
    }

    private async Task<bool> TryAsync(Func<Task<bool>> part)
    {
        try
        {
            return await part();
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            ground.Failures.Report(place, failure);
            return false;
        }
    }

    private void LookAtHalts()
    {
        if (!destination.Rules.Contains(AlertRule.Halt))
        {
            return;
        }

        foreach (var (part, isWell, position, why) in Parts())
        {
            if (position is { } at)
            {
                var place = at.ToString(CultureInfo.InvariantCulture);
                if (state.Halts.GetValueOrDefault(part) != place)
                {
                    state.Halts[part] = place;
                    // Whoever makes many others holds this one back no longer than the one that is on its way.
                    Add(ground.Rules.OfHalt(part, at, why, ground.Clock.GetUtcNow()), isFirst: true);
                }
            }
            else if (isWell && state.Halts.Remove(part))
            {
                isChanged = true;
            }
        }
    }

    /// <summary>What may halt, and where it did; a part that only just starts is neither well nor halted.</summary>
    private IEnumerable<(string Part, bool IsWell, long? Position, string? Why)> Parts()
    {
        var (journal, log) = (ground.Guard.IsSetBack, ground.Log.Status);
        yield return ("journal", !journal, journal ? 0 : null, SetBackGuard.Sentence);
        yield return ("log", log.State == SealerState.Sealing, log.IsHalted ? log.Position ?? 0 : null, log.Reason);
        yield return Of("read models", ground.Reads.Status);
        yield return Of("search", ground.Reads.Search.Status);

        // What stands in the way may quote what was sent.
        static (string, bool, long?, string?) Of(string part, ProjectionStatus status) => (
            part, status.State is ProjectionState.Projecting or ProjectionState.Following,
            status.State == ProjectionState.Halted ? status.HaltedAt ?? status.Position : null,
            $"the event at position {status.HaltedAt} stands in the way");
    }

    private async Task<bool> ReadRowsAsync(CancellationToken cancellation)
    {
        var page = await ground.Store.Followed.ReadAfterAsync(
            state.Rows, RowsAtOnce, ReadLimits.PageBytes, cancellation);
        if (page.Count == 0)
        {
            // A journal that was set back is read on from its end.
            var last = await ground.Store.Opened.LastPositionAsync(cancellation);
            isChanged |= last < state.Rows;
            state.Rows = Math.Min(state.Rows, last);
            state.Found = Math.Min(state.Found, last);
            return false;
        }

        foreach (var seen in SeenRow.Of(page))
        {
            if (TryRead(seen) is { } alert && destination.Rules.Any(rule => rule.Name == alert.Rule))
            {
                Add(alert);
            }
            else if (SentAgain.Of(seen) is { } again && again.Destination == destination.Name
                && state.SendAgain(again.Ids, ground.Clock.GetUtcNow()))
            {
                // Whoever asks has seen to the receiver.
                (failuresInARow, restsUntil, isChanged) = (0, default, true);
            }
        }

        state.Rows = page[^1].Position;
        // A page may also be as short because its rows are large.
        return true;
    }

    /// <summary>
    /// What searches know depends on read models and index, which may lag behind: nobody else waits for it.
    /// </summary>
    private async Task<bool> AskSearchesAsync(CancellationToken cancellation)
    {
        var searches = destination.Rules.Where(rule => rule.Query is not null).ToList();
        var known = Math.Min(
            state.Rows,
            Math.Min(await ground.Reads.Models.PositionAsync(cancellation), ground.Reads.Search.Status.Position));
        if (known <= state.Found)
        {
            return false;
        }

        var through = Math.Min(known, state.Found + SearchedAtOnce);
        var (found, trouble) = (new List<Alert>(), (string?)null);
        foreach (var rule in searches)
        {
            try
            {
                var query = ground.Reads.Search.Parse(rule.Query!);
                var hits = await ground.Reads.Search.FindBetweenAsync(query, state.Found, through, cancellation);
                found.AddRange(hits.Select(hit => ground.Rules.Of(rule, hit)));
            }
            catch (SearchQueryException unanswered)
            {
                // Names that others make may be too many, or stand for two windows: the other rules go on.
                ground.Failures.Report($"{place}, rule {rule.Name}", unanswered);
                trouble ??= $"the rule {rule.Name} cannot be asked: {unanswered.Message}";
            }
        }

        Trouble = trouble;
        foreach (var alert in found.Where(alert => !state.Known.Contains(alert.Id)).OrderBy(alert => alert.Position))
        {
            state.Known.Add(alert.Id);
            Add(alert);
        }

        state.Known.RemoveRange(0, Math.Max(0, state.Known.Count - MostKnown));
        state.Found = through;
        return through < known;
    }

    /// <summary>A row that cannot be read halts the read models, which is an alert, and no other alert.</summary>
    private Alert? TryRead(SeenRow seen)
    {
        try
        {
            return ground.Rules.Of(seen);
        }
        catch (Exception unreadable) when (unreadable is UnreadableException or InvalidDataException or JsonException)
        {
            ground.Failures.Report(place, unreadable);
            return null;
        }
    }

    private void Add(Alert alert, bool isFirst = false)
    {
        state.Waiting.Insert(
            isFirst ? 0 : state.Waiting.Count, new WaitingAlert(alert, 0, ground.Clock.GetUtcNow()));
        isChanged = true;
    }

    /// <returns>Whether more could be sent at once.</returns>
    private async Task<bool> SendAsync(CancellationToken cancellation)
    {
        for (var count = 0; count < SentAtOnce; count++)
        {
            var now = ground.Clock.GetUtcNow();
            if (now < restsUntil || state.Waiting.Find(one => one.Due <= now) is not { } next)
            {
                return false;
            }

            // A rule that the file has no more is nobody's alert.
            var rule = plan.Rules.FirstOrDefault(one => one.Name == next.Alert.Rule);
            var rejection = rule is not null
                ? await ground.Sender.SendAsync(
                    destination, next.Alert.Id, await BodyAsync(next.Alert, rule, cancellation), cancellation)
                : null;
            isChanged = true;
            if (rejection is not null)
            {
                PutAside(next, rejection, ground.Clock.GetUtcNow());
                return false;
            }

            state.Waiting.Remove(next);
            if (rule is not null)
            {
                failuresInARow = 0;
                state.Sent++;
                state.SentAt = ground.Clock.GetUtcNow();
            }
        }

        return true;
    }

    private void PutAside(WaitingAlert alert, Rejection rejection, DateTimeOffset now)
    {
        var failed = alert with { Tries = alert.Tries + 1, Error = rejection.Sentence };
        var index = state.Waiting.IndexOf(alert);
        if (rejection.IsFinal || failed.Tries >= MostTries)
        {
            state.Waiting.RemoveAt(index);
            state.Dead.Add(failed with { Due = now });
            state.Dead.RemoveRange(0, Math.Max(0, state.Dead.Count - MostDead));
            state.GivenUp++;
            ground.Failures.Report($"dead letters to {destination.Name}", new InvalidOperationException(
                $"The alert {failed.Alert.Id} ({failed.Alert.Rule}) was given up after {failed.Tries} tries: "
                + $"{rejection.Sentence}."));
        }
        else
        {
            var pause = Pauses[failed.Tries - 1];
            pause = rejection.After is { } asked && asked > pause ? Min(asked, LongestAsked) : pause;
            // Not all who failed together come again together.
            state.Waiting[index] = failed with { Due = now + pause * (1 + Random.Shared.NextDouble() / 10) };
            ground.Failures.Report(place, new InvalidOperationException(
                $"The alert {failed.Alert.Id} was not taken at {destination.To}: {rejection.Sentence}."));
        }

        // A receiver that is away is not asked for each of them.
        var rest = Pauses[Math.Min(failuresInARow++, Pauses.Length - 1)];
        rest = rest < LongestRest ? rest : LongestRest;
        restsUntil = now + (rejection.After is { } wanted && wanted > rest ? Min(wanted, LongestAsked) : rest);
    }

    private static TimeSpan Min(TimeSpan one, TimeSpan other) => one < other ? one : other;

    private async Task<byte[]> BodyAsync(Alert alert, AlertRule rule, CancellationToken cancellation) =>
        AlertBody.Write(
            destination.Format, alert, rule, await CommandAsync(alert, cancellation), plan.Link,
            ground.Log.Known?.Log.Origin);

    /// <summary>
    /// What was asked of the tool, as the book has it now: without what was erased, or cannot be opened.
    /// </summary>
    private async Task<string?> CommandAsync(Alert alert, CancellationToken cancellation)
    {
        try
        {
            return alert is { Source: { } source, Session: { } session, Call: { } call }
                && await ground.Store.Opened.ReadRowAsync(alert.Position, cancellation) is { Unopened: null }
                    ? (await ground.Reads.Models.CallAsync(new SessionName(source, session), call, cancellation))
                        ?.Call.Command
                    : null;
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            // The alert says enough without, and those behind it wait.
            ground.Failures.Report(place, failure);
            return null;
        }
    }

    private async Task SaveAsync(CancellationToken cancellation)
    {
        await lead.RequireAsync(cancellation);
        await ground.Store.KeepStateAsync(
            DestinationState.NameOf(destination), JsonSerializer.SerializeToUtf8Bytes(state), cancellation);
        (savedRows, isChanged) = (state.Rows, false);
    }
}
