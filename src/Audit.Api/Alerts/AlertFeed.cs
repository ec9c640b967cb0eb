using Audit.Api.Diary;
using Audit.Api.Log;
using Audit.Storage.Postgres;

namespace Audit.Api.Alerts;

/// <summary>
/// Sends alerts and goes on exporting for as long as the node lives: one run for each destination of the file, all of
/// them on one node of those that share a store.
/// </summary>
internal sealed class AlertFeed(
    IAuditStore store, ReadSide reads, NodeLog log, SetBackGuard guard, AlertBook book, OperatorActs acts,
    AlertTimes times, TimeProvider clock, FailureLog failures) : IAsyncDisposable
{
    private readonly AlertSender sender = new(clock);
    private readonly AlertRules rules = new(store.Keys.Derive("alerts"));
    private IReadOnlyList<AlertDestination> running = [];
    private volatile IReadOnlyList<GoingOn> runs = [];
    private HeldLock? lead;
    private BackgroundWork? work;

    public bool IsSending => runs.Count > 0;

    /// <summary>What this node counts of each address that it posts to.</summary>
    public IEnumerable<(string Name, DestinationState State)> Posted => runs
        .Select(one => (one.To.Name, (one.Run as WebhookRun)?.State!)).Where(one => one.Item2 is not null);

    /// <summary>How a destination fares here; nothing where another node sends.</summary>
    public (long? Position, string? Trouble) Of(string name) =>
        runs.FirstOrDefault(one => one.To.Name == name) is { } found
            ? (found.Run.Position, found.Trouble ?? found.Run.Trouble) : default;

    public void Start() => work = new BackgroundWork(RunAsync);

    public async ValueTask DisposeAsync()
    {
        await (work?.DisposeAsync() ?? default);
        await EndAsync();
        sender.Dispose();
    }

    /// <summary>Sends one that says that alerts arrive.</summary>
    /// <returns>Null when it was taken.</returns>
    public Task<Rejection?> TestAsync(AlertDestination to, AlertPlan plan, CancellationToken cancellation)
    {
        var alert = rules.OfTest(clock.GetUtcNow());
        return sender.SendAsync(
            to, alert.Id,
            AlertBody.Write(to.Format, alert, AlertRule.Test, null, plan.Link, log.Known?.Log.Origin), cancellation);
    }

    private async Task RunAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                await MatchAsync(book.Now, cancellation);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                // Whoever cannot ask for the lock does not have it; all is tried again.
                failures.Report("alerts", failure);
                try
                {
                    await EndAsync();
                }
                catch (Exception unended)
                {
                    failures.Report("alerts", unended);
                }
            }

            await PauseAsync(cancellation);
        }
    }

    /// <summary>Lets run what the file says, and nothing else.</summary>
    private async Task MatchAsync(AlertPlan plan, CancellationToken cancellation)
    {
        if (plan.Destinations.Count == 0 || guard.TakesNothing is not null)
        {
            await EndAsync();
            return;
        }

        lead ??= await store.TryHoldAsync(AdvisoryLock.AlertSending, cancellation);
        if (lead is null)
        {
            return;
        }

        await lead.RequireAsync(cancellation);
        if (ReferenceEquals(plan.Destinations, running))
        {
            return;
        }

        await EndRunsAsync();
        var begun = new List<GoingOn>();
        var ground = new AlertGround(store, reads, log, guard, rules, sender, acts, times, clock, failures);
        foreach (var to in plan.Destinations)
        {
            IAlertRun run = to.Directory is null
                ? new WebhookRun(ground, to, plan, await FindStateAsync(to, cancellation), lead)
                : new SegmentRun(ground, to);
            var going = new GoingOn(to, run);
            going.Work = new BackgroundWork(token => GoOnAsync(going, token));
            begun.Add(going);
            runs = [.. begun];
        }

        running = plan.Destinations;
    }

    /// <summary>A destination that is new is told what comes from now on.</summary>
    private async Task<DestinationState> FindStateAsync(AlertDestination to, CancellationToken cancellation)
    {
        if (await DestinationState.FindAsync(store, to, cancellation) is { } kept)
        {
            return kept;
        }

        var last = await store.Opened.LastPositionAsync(cancellation);
        var state = new DestinationState { Rows = last, Found = last };
        await store.KeepStateAsync(
            DestinationState.NameOf(to), JsonSerializer.SerializeToUtf8Bytes(state), cancellation);
        return state;
    }

    private async Task GoOnAsync(GoingOn going, CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            var isMore = false;
            try
            {
                isMore = await going.Run.StepAsync(cancellation);
                going.Trouble = null;
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                failures.Report($"alerts to {going.To.Name}", failure);
                going.Trouble = failure is IOException or UnauthorizedAccessException
                    ? failure.Message : "it fails for now, and the node's log says why";
            }

            await (isMore ? Task.CompletedTask : PauseAsync(cancellation));
        }
    }

    private async Task EndAsync()
    {
        await EndRunsAsync();
        var held = lead;
        lead = null;
        await (held?.DisposeAsync() ?? default);
    }

    private async Task EndRunsAsync()
    {
        var ended = runs;
        (runs, running) = ([], []);
        // All at once: each may have to wait for an answer to what is on its way.
        await Task.WhenAll(ended.Select(going => going.Work?.DisposeAsync().AsTask() ?? Task.CompletedTask));
        foreach (var going in ended)
        {
            try
            {
                await going.Run.DisposeAsync();
            }
            catch (Exception failure)
            {
                // A full disk, say; the others are ended all the same.
                failures.Report("alerts", failure);
            }
        }
    }

    private async Task PauseAsync(CancellationToken cancellation) =>
        await Task.Delay(times.Pause, clock, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private sealed class GoingOn(AlertDestination to, IAlertRun run)
    {
        public AlertDestination To => to;

        public IAlertRun Run => run;

        public BackgroundWork? Work { get; set; }

        /// <summary>Why its last step failed.</summary>
        public volatile string? Trouble;
    }
}

/// <summary>Where an alert or the book goes, and how that fares.</summary>
/// <param name="State">What is remembered of an address; null of a directory, and of what never was.</param>
/// <param name="Position">All rows up to here were looked at, or written; null where this node does not know.</param>
/// <param name="Trouble">What stands in the way now.</param>
public sealed record DestinationNow(AlertDestination To, DestinationState? State, long? Position, string? Trouble);

/// <param name="State">none, sending, or standing_by: another node of the store sends.</param>
/// <param name="Trouble">Why the file as it is now does not hold; then the last one that could be read goes on.</param>
public sealed record AlertsNow(string State, string? Trouble, IReadOnlyList<DestinationNow> Destinations);

/// <summary>How alerts fare, and what is done about it, however it is asked: by the API or by a page.</summary>
internal sealed class AlertDesk(
    AlertBook book, AlertFeed feed, IAuditStore store, OperatorActs acts, TimeProvider clock)
{
    public const Roles MayAct = Roles.Admin;

    public async Task<AlertsNow> LookAsync(CancellationToken cancellation)
    {
        var (plan, found) = (book.Now, new List<DestinationNow>());
        foreach (var to in plan.Destinations)
        {
            var state = to.Url is null ? null : await DestinationState.FindAsync(store, to, cancellation);
            var (position, trouble) = feed.Of(to.Name);
            found.Add(new DestinationNow(
                to, state, to.Url is null ? position : state?.Rows,
                state?.Waiting.Find(one => one.Error is not null)?.Error ?? trouble));
        }

        return new AlertsNow(
            plan.Destinations.Count == 0 ? "none" : feed.IsSending ? "sending" : "standing_by", plan.Trouble, found);
    }

    /// <summary>Sends one that says that it is a test.</summary>
    /// <exception cref="RefusedException">There is no such address.</exception>
    public async Task<AlertTestAnswer> TestAsync(string name, Bearer actor, CancellationToken cancellation)
    {
        var (to, plan) = Require(name);
        await acts.WriteAsync("alerts.tested", actor.Name, json => json.WriteString("destination", name));
        var rejection = await feed.TestAsync(to, plan, cancellation);
        return new AlertTestAnswer(name, rejection is null, rejection?.Sentence);
    }

    /// <summary>Has sent again what was given up. Whichever node sends reads it in the book.</summary>
    /// <param name="ids">Null for all of it.</param>
    /// <exception cref="RefusedException">There is no such address, or nothing of the kind was given up.</exception>
    public async Task<AlertsAgainAnswer> SendAgainAsync(
        string name, IReadOnlyList<string>? ids, Bearer actor, CancellationToken cancellation)
    {
        var (to, _) = Require(name);
        var state = await DestinationState.FindAsync(store, to, cancellation);
        var dead = state?.Dead.Select(one => one.Alert.Id).ToList() ?? [];
        if ((ids ?? dead).Count == 0 || ids?.All(dead.Contains) == false)
        {
            throw new RefusedException(Problem.NotFound(
                $"Nothing of the kind was given up for \"{name}\", or it is on its way again."));
        }

        var again = new SentAgain(name, [.. (ids ?? dead).Distinct()]);
        return new AlertsAgainAnswer(
            name, again.Ids.Count, await again.WriteAsync(acts, actor.Name, clock.GetUtcNow()));
    }

    private (AlertDestination To, AlertPlan Plan) Require(string name) =>
        book.Now is var plan && plan.Destinations.FirstOrDefault(one => one.Name == name) is { Url: not null } to
            ? (to, plan)
            : throw new RefusedException(Problem.NotFound($"The file alerts.json names no address \"{name}\"."));
}

/// <summary>`/v1/alerts`: where alerts go, what waits, and what was given up.</summary>
internal sealed class AlertEndpoints(AlertDesk desk) : IEndpointGroup
{
    private const int WaitingShown = 20, MostIds = 100;

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.Get(
            "/v1/alerts", GetAsync, Roles.Read, "Shows where alerts go, what waits, and what was given up.",
            "The file alerts.json of the node's data directory says which rules go where. Of an address its path is "
            + "not shown.")
            .Produces<AlertsAnswer>().Scoped(Scope.Unbound);
        routes.Post(
            "/v1/alerts/test", TestAsync, AlertDesk.MayAct, "Sends an alert that says it is a test, now and once.",
            "The body is {destination}, a name of the file.")
            .Produces<AlertTestAnswer>().Scoped(Scope.Administration);
        routes.Post(
            "/v1/alerts/again", SendAgainAsync, AlertDesk.MayAct, "Sends again what was given up.",
            "The body is {destination, ids?}; without ids it is all that was given up for it. That it was asked for "
            + "stands in the book.")
            .Produces<AlertsAgainAnswer>().Scoped(Scope.Administration);
    }

    private async Task<IResult> GetAsync(HttpContext context)
    {
        var now = await desk.LookAsync(context.RequestAborted);
        return Reply.Json(new AlertsAnswer(now.State, now.Trouble, [.. now.Destinations.Select(AnswerOf)]));
    }

    private async Task<IResult> TestAsync(HttpContext context)
    {
        var body = await context.ReadObjectAsync();
        body.RequireOnly(["destination"]);
        return Reply.Json(await desk.TestAsync(
            body.RequiredText("destination"), context.Bearer(), context.RequestAborted));
    }

    private async Task<IResult> SendAgainAsync(HttpContext context)
    {
        var body = await context.ReadObjectAsync();
        body.RequireOnly(["destination", "ids"]);
        var ids = body.Texts("ids", MostIds);
        return Reply.Json(await desk.SendAgainAsync(
            body.RequiredText("destination"), ids, context.Bearer(), context.RequestAborted));
    }

    private static AlertDestinationAnswer AnswerOf(DestinationNow now)
    {
        var (to, state, position, trouble) = now;
        return new AlertDestinationAnswer(
            to.Name, to.To, to.FormatName, [.. to.Rules.Select(rule => rule.Name)], position,
            state?.Waiting.Count ?? 0, state?.Sent ?? 0, state?.GivenUp ?? 0, TimeOf(state?.SentAt), trouble,
            [
                .. (state?.Waiting ?? []).Take(WaitingShown)
                    .Select(one => AnswerOf(one) with { NextTryAt = TimeOf(one.Due) }),
            ],
            [.. (state?.Dead ?? []).Select(one => AnswerOf(one) with { GivenUpAt = TimeOf(one.Due) }).Reverse()]);
    }

    private static UnsentAlertAnswer AnswerOf(WaitingAlert one) => new(
        one.Alert.Id, one.Alert.Rule, one.Alert.Position, TimeOf(one.Alert.At)!, one.Tries, one.Error,
        one.Alert.Source, one.Alert.Session, one.Alert.Call, one.Alert.Window);

    private static string? TimeOf(DateTimeOffset? time) =>
        time is { } known ? Timestamp.From(known).ToString() : null;
}
