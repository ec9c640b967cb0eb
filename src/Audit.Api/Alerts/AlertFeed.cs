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
    private volatile IReadOnlyList<(AlertDestination To, IAlertRun Run, BackgroundWork Work)> runs = [];
    private HeldLock? lead;
    private BackgroundWork? work;

    public bool IsSending => runs.Count > 0;

    /// <summary>What this node counts of each address that it posts to.</summary>
    public IEnumerable<(string Name, DestinationState State)> Posted => runs
        .Select(one => (one.To.Name, (one.Run as WebhookRun)?.State!)).Where(one => one.Item2 is not null);

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
            to, alert.Id, AlertBody.Write(to.Format, alert, AlertRule.Test, null, plan.Link), cancellation);
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
        var begun = new List<(AlertDestination, IAlertRun, BackgroundWork)>();
        var ground = new AlertGround(store, reads, log, guard, rules, sender, acts, times, clock, failures);
        foreach (var to in plan.Destinations)
        {
            IAlertRun run = to.Directory is null
                ? new WebhookRun(ground, to, plan, await FindStateAsync(to, cancellation), lead)
                : new SegmentRun(ground, to);
            begun.Add((to, run, new BackgroundWork(token => GoOnAsync(to, run, token))));
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

    private async Task GoOnAsync(AlertDestination to, IAlertRun run, CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            var isMore = false;
            try
            {
                isMore = await run.StepAsync(cancellation);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                failures.Report($"alerts to {to.Name}", failure);
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
        foreach (var (_, run, goingOn) in ended)
        {
            await goingOn.DisposeAsync();
            try
            {
                await run.DisposeAsync();
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
}

/// <summary>`/v1/alerts`: where alerts go, what waits, and what was given up.</summary>
internal sealed class AlertEndpoints(
    AlertBook book, AlertFeed feed, IAuditStore store, OperatorActs acts) : IEndpointGroup
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.Get(
            "/v1/alerts", GetAsync, Roles.Read, "Shows where alerts go, what waits, and what was given up.",
            "The file alerts.json of the node's data directory says which rules go where. Of an address its path is "
            + "not shown.")
            .Produces<AlertsAnswer>().Scoped(Scope.Unbound);
        routes.Post(
            "/v1/alerts/test", TestAsync, Roles.Admin, "Sends an alert that says it is a test, now and once.",
            "The body is {destination}, a name of the file.")
            .Produces<AlertTestAnswer>().Scoped(Scope.Administration);
    }

    private async Task<IResult> GetAsync(HttpContext context)
    {
        var plan = book.Now;
        var shown = new List<AlertDestinationAnswer>();
        foreach (var to in plan.Destinations)
        {
            shown.Add(AnswerOf(
                to, to.Url is null ? null : await DestinationState.FindAsync(store, to, context.RequestAborted)));
        }

        return Reply.Json(new AlertsAnswer(
            plan.Destinations.Count == 0 ? "none" : feed.IsSending ? "sending" : "standing_by", plan.Trouble, shown));
    }

    private async Task<IResult> TestAsync(HttpContext context)
    {
        var body = await context.ReadObjectAsync();
        body.RequireOnly(["destination"]);
        var (name, plan) = (body.RequiredText("destination"), book.Now);
        if (plan.Destinations.FirstOrDefault(one => one.Name == name) is not { Url: not null } to)
        {
            return Problem.NotFound($"The file alerts.json names no address \"{name}\".");
        }

        await acts.WriteAsync("alerts.tested", context.Bearer().Name, json => json.WriteString("destination", name));
        var rejection = await feed.TestAsync(to, plan, context.RequestAborted);
        return Reply.Json(new AlertTestAnswer(name, rejection is null, rejection?.Sentence));
    }

    private static AlertDestinationAnswer AnswerOf(AlertDestination to, DestinationState? state) => new(
        to.Name, to.To, to.Url is null ? "ndjson" : to.Format.ToString().ToLowerInvariant(),
        [.. to.Rules.Select(rule => rule.Name)], state?.Rows, state?.Waiting.Count ?? 0, state?.Sent ?? 0,
        state?.GivenUp ?? 0, TimeOf(state?.SentAt), state?.Waiting.Find(one => one.Error is not null)?.Error,
        [.. (state?.Dead ?? []).Select(AnswerOf).Reverse()]);

    private static DeadAlertAnswer AnswerOf(WaitingAlert dead) => new(
        dead.Alert.Id, dead.Alert.Rule, dead.Alert.Position, TimeOf(dead.Alert.At)!, TimeOf(dead.Due)!, dead.Tries,
        dead.Error, dead.Alert.Source, dead.Alert.Session, dead.Alert.Call, dead.Alert.Window);

    private static string? TimeOf(DateTimeOffset? time) =>
        time is { } known ? Timestamp.From(known).ToString() : null;
}
