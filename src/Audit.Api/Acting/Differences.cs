using Audit.Api.Reading;

namespace Audit.Api.Acting;

/// <summary>
/// What changed between two moments of a session, of a task or of the policy: for the API, the command line and the
/// pages alike.
/// </summary>
internal sealed class Differences(IAuditStore store, PolicyBook policies, TimeProvider clock)
{
    private const int MostChanges = 1_000, MostInputs = 100, RowsAtOnce = 64;
    private const string Began = "began", Ended = "ended", Changed = "changed", Opened = "opened", Closed = "closed",
        Violation = "violation";

    /// <summary>Marks that say what a change of state or a violation says already.</summary>
    private static readonly string[] SaidElsewhere = ["open", "waiting", "violation"];

    /// <param name="from">Null for before all.</param>
    /// <param name="until">Null for now.</param>
    /// <returns>Null where there is no such session that may be seen.</returns>
    /// <exception cref="RefusedException">The first moment is later than the second.</exception>
    public Task<DifferenceAnswer?> OfAsync(
        ScopedReads reads, SessionName session, AsOf? from, AsOf? until, CancellationToken cancellation) =>
        OfAsync(
            reads, new DifferenceAnswer("session", session.Id) { Source = session.Source }, from, until,
            (a, b) => reads.TimeTravel.BetweenAsync(session, a, b, cancellation), cancellation);

    /// <inheritdoc cref="OfAsync(ScopedReads, SessionName, AsOf?, AsOf?, CancellationToken)"/>
    public Task<DifferenceAnswer?> OfAsync(
        ScopedReads reads, string task, AsOf? from, AsOf? until, CancellationToken cancellation) =>
        OfAsync(
            reads, new DifferenceAnswer("task", task), from, until,
            (a, b) => reads.TimeTravel.BetweenAsync(task, a, b, cancellation), cancellation);

    /// <summary>Versions of the policy by which something was decided, and the one that holds, oldest first.</summary>
    public async Task<IReadOnlyList<PolicyVersion>> PoliciesAsync(CancellationToken cancellation)
    {
        var found = new List<PolicyVersion>();
        var after = 0L;
        while (await store.Opened.ReadStreamAsync(new StreamKey(StreamNames.Policies), after, RowsAtOnce, cancellation)
            is { Count: > 0 } rows)
        {
            found.AddRange(rows.Where(row => row.IsProven).Select(PolicyVersion.Of).OfType<PolicyVersion>());
            after = rows[^1].Sequence;
        }

        // The book has each version once: who went back to an earlier one has that one now.
        return policies.Now is { Policy: { } holds, Text: var text } && found.LastOrDefault()?.Version != holds.Version
            ? [.. found, new PolicyVersion(holds.Version, null, null, text)] : found;
    }

    /// <param name="from">A version, a position or a time; null for the version before the other.</param>
    /// <param name="until">Null for the newest version.</param>
    /// <returns>Null where there is no policy.</returns>
    /// <exception cref="RefusedException">There is no such version.</exception>
    public async Task<DifferenceAnswer?> OfPolicyAsync(string? from, string? until, CancellationToken cancellation)
    {
        var versions = await PoliciesAsync(cancellation);
        if (versions.Count == 0)
        {
            return null;
        }

        var after = until is null ? versions[^1] : PolicyVersion.Find(versions, "until", until);
        var before = from is null ? versions.TakeWhile(one => one != after).LastOrDefault()
            : PolicyVersion.Find(versions, "from", from);
        return Whole(
            new DifferenceAnswer("policy", after?.Version ?? "")
            {
                From = MomentOf(before), Until = MomentOf(after),
            },
            PolicyDifference.Of(before?.File, after?.File));
    }

    private async Task<DifferenceAnswer?> OfAsync(
        ScopedReads reads, DifferenceAnswer about, AsOf? from, AsOf? until, Func<long, long, Task<PastBetween?>> ask,
        CancellationToken cancellation)
    {
        var travel = reads.TimeTravel;
        var first = from is { } begin ? await travel.PositionAsync(begin, cancellation) : 0;
        var last = await travel.PositionAsync(until ?? AsOf.At(long.MaxValue), cancellation);
        if (first > last)
        {
            throw QueryReader.Refusal("from", "it is later than until; the earlier moment stands first.");
        }

        if (await ask(first, last) is not { } between)
        {
            return null;
        }

        var asked = (From: first, Until: last);
        (first, last) = between.Compared;
        var isBehind = (first, last) != asked;
        var begun = from is null ? null
            : (isBehind ? null : from?.Time) ?? await travel.TakenAtAsync(first, cancellation);
        var now = Timestamp.From(clock.GetUtcNow());
        var ended = (isBehind ? null : until is null ? now : until?.Time)
            ?? await travel.TakenAtAsync(last, cancellation);
        // What is yet to come did not happen.
        ended = ended > now ? now : ended;
        var changes = between.Windows.SelectMany(one => ended is { } end ? Of(one, begun ?? default, end) : [])
            .Concat(between.Calls.SelectMany(Of)).Concat(Notes(about, between)).ToList();
        var altered = between.Calls.Where(one => IsAltered(one.After) && !IsAltered(one.Before)).ToList();
        about = about with { Cut = altered.Count > MostInputs, Behind = isBehind };
        foreach (var one in altered.Take(MostInputs))
        {
            changes.AddRange(await InputsAsync(reads.Scope, one, last, cancellation));
        }

        // How far the book is, and when it took what, is for who sees all of it.
        return Whole(
            reads.Scope.Veil is null
                ? about with
                {
                    From = new MomentAnswer(from is null ? null : first, WireOf.Time(begun)),
                    Until = new MomentAnswer(last, WireOf.Time(ended)),
                }
                : about with { From = AsAsked(reads.Scope, from), Until = AsAsked(reads.Scope, until) },
            changes.OrderBy(one => one.At).Select(one => one.Change));
    }

    private static MomentAnswer AsAsked(ReadScope scope, AsOf? moment) => new(
        moment?.Position is { } position ? scope.Hide(position) : null, WireOf.Time(moment?.Time));

    private static DifferenceAnswer Whole(DifferenceAnswer about, IEnumerable<ChangeAnswer> changes)
    {
        var all = changes.ToList();
        return about with
        {
            Counts = all.CountBy(one => one.Change).ToDictionary(), Changes = [.. all.Take(MostChanges)],
            Cut = about.Cut || all.Count > MostChanges,
        };
    }

    private static MomentAnswer MomentOf(PolicyVersion? version) =>
        new(version?.Position, WireOf.Time(version?.At)) { Version = version?.Version };

    private static IEnumerable<(Timestamp? At, ChangeAnswer Change)> Of(CallBetween one)
    {
        var (before, after) = (one.Before, one.After);
        var call = new ChangeAnswer("call", after.CallId, "")
        {
            Name = after.Tool, Session = after.SessionId, Source = after.Source,
        };
        var (was, state) = (before is null ? null : StateOf(before), StateOf(after));
        if (before is null)
        {
            yield return At(after.FirstAt, after.Id, call with { Change = Began, After = after.IsOpen ? state : null });
        }

        var last = one.Messages.LastOrDefault(message => message.To == after.State);
        if (was != state && (before is not null || !after.IsOpen))
        {
            yield return At(
                last?.At ?? after.LastAt, last?.Position ?? after.LastPosition,
                call with { Change = after.IsOpen ? "state" : Ended, Before = was, After = state });
        }

        var (marks, known) = (MarksOf(after), before is null ? [] : MarksOf(before));
        foreach (var mark in marks.Except(known))
        {
            yield return At(after.LastAt, after.LastPosition, call with { Change = "mark", After = mark });
        }

        foreach (var mark in known.Except(marks))
        {
            yield return At(after.LastAt, after.LastPosition, call with { Change = "unmark", Before = mark });
        }

        foreach (var violation in one.Violations)
        {
            yield return At(
                violation.ReceivedAt, violation.Position,
                call with
                {
                    Change = violation.IsLifted ? "lifted" : Violation,
                    Before = violation.From, After = $"{violation.Message}: {violation.Reason}",
                });
        }
    }

    /// <param name="begun">The first moment; by the clock too windows open and close.</param>
    private static IEnumerable<(Timestamp? At, ChangeAnswer Change)> Of(
        WindowBetween one, Timestamp begun, Timestamp ended)
    {
        var (before, after) = (one.Before, one.After);
        var window = new ChangeAnswer("window", after.WindowId, "") { Name = after.Alias, Source = after.Source };
        var (was, state) = (before?.StateAt(begun), after.StateAt(ended));
        var acts = after.Acts.Skip(before?.Acts.Count ?? 0).ToList();
        var by = acts.LastOrDefault(act => act.Violation is null);
        if (before is null)
        {
            yield return At(
                after.RequestedAt ?? after.Acts.FirstOrDefault()?.At, after.Id,
                window with { Change = Began, After = $"asked for by {after.RequestedBy}" });
        }

        if (was != "open" && after.OpensAt is { } opens && opens <= ended && opens < after.Until
            && (was is null or "requested" or "upcoming" || opens > begun))
        {
            yield return At(
                Later(opens, after.ApprovedAt), null,
                window with { Change = Opened, Before = was, After = $"approved by {after.ApprovedBy}" });
        }

        if (was != state && state is not ("open" or "requested"))
        {
            var isClosed = state is "expired" or "revoked" or "closed";
            yield return At(
                (isClosed ? after.Until : null) ?? by?.At ?? after.RequestedAt,
                isClosed ? null : by?.Position,
                window with { Change = isClosed ? Closed : "state", Before = was, After = state });
        }

        if (before?.ClosesAt is { } closed && after.ClosesAt is { } closes && closed != closes)
        {
            yield return At(
                by?.At, by?.Position,
                window with { Change = Changed, Before = $"closes at {closed}", After = $"closes at {closes}" });
        }

        foreach (var act in acts.Where(act => act.Violation is not null || act.Verb == WindowVerb.Accept))
        {
            yield return At(act.At, act.Position, window with
            {
                Change = act.Violation is null ? "accepted" : Violation,
                After = $"{act.Verb.ToString().ToLowerInvariant()} by {act.By}: {act.Violation ?? act.Reason}",
            });
        }
    }

    private static IEnumerable<(Timestamp? At, ChangeAnswer Change)> Notes(DifferenceAnswer about, PastBetween between)
    {
        var session = new ChangeAnswer("session", about.Id, "") { Session = about.Id, Source = about.Source };
        var (before, after) = (between.Before, between.After);
        if (after?.StartedAt is { } started && before?.StartedAt != started)
        {
            yield return At(started, null, session with { Change = Began });
        }

        if (after is { HasEnded: true, NotedEndAt: { } ended } && before?.NotedEndAt != ended)
        {
            yield return At(ended, null, session with { Change = Ended });
        }
    }

    /// <summary>The values of an input that were executed otherwise than asked for, as the call's page has them.</summary>
    private async Task<IEnumerable<(Timestamp? At, ChangeAnswer Change)>> InputsAsync(
        ReadScope scope, CallBetween one, long until, CancellationToken cancellation)
    {
        var call = one.After;
        var stream = new StreamKey(StreamNames.Call(call.SessionName, call.CallId));
        JsonElement? requested = null, effective = null;
        for (long? after = 0; after is not null;)
        {
            var rows = await store.Opened.ReadStreamAsync(stream, after.Value, RowsAtOnce, cancellation);
            foreach (var row in rows.Where(row => row.IsProven && row.Position <= until))
            {
                var view = EventReader.ViewOf(row);
                if (view.Text(EventField.Agent) is { } agent && !scope.SeesAgent(agent))
                {
                    continue;
                }

                requested ??= InputDifference.Read(view.Raw(EventField.RequestedInput));
                effective = InputDifference.Read(view.Raw(EventField.EffectiveInput)) ?? effective;
            }

            after = rows.Count < RowsAtOnce || rows[^1].Position > until ? null : rows[^1].Sequence;
        }

        var values = InputDifference.Of(requested, effective).Values;
        return values.Where(value => value.Change != "same").Select(value => At(
            call.LastAt, call.LastPosition, new ChangeAnswer("call", call.CallId, "input")
            {
                Name = value.Path, Before = value.Requested, After = value.Effective, Session = call.SessionId,
                Source = call.Source,
            }));
    }

    private static bool IsAltered(CallModel? call) => call is not null && MarksOf(call).Contains("changed");

    private static List<string> MarksOf(CallModel call) => [.. CallGroup.Of(call, 0).Marks.Except(SaidElsewhere)];

    private static string StateOf(CallModel call) => call.IsFailed ? "failed" : Words.Of(call.State);

    private static Timestamp Later(Timestamp one, Timestamp? other) => other > one ? other.Value : one;

    private static (Timestamp? At, ChangeAnswer Change) At(Timestamp? at, long? position, ChangeAnswer change) =>
        (at, change with { At = WireOf.Time(at), Position = position });
}

/// <summary>`/v1/sessions/{session}/diff`, `/v1/tasks/{task}/diff` and `/v1/policy/diff`.</summary>
internal sealed class DifferenceEndpoints(Questions questions, Differences differences) : IEndpointGroup
{
    private const string Sentence = "What began, ended, changed its state, was marked or refused; windows that opened "
        + "and closed; inputs that were changed. Without from it is all up to until, and without until up to now.";

    public void Map(IEndpointRouteBuilder routes)
    {
        QueryParameter from = new("from", "A position or a time: what was known then is not told again.");
        QueryParameter until = new("until", "A position or a time; now where it is missing.");
        routes.Get(
            ById.OfSession("/diff", "/diff"), OfSessionAsync, Roles.Read,
            "Shows what changed in a session between two moments.", Sentence, from, until)
            .Produces<DifferenceAnswer>().Scoped(Scope.Binding);
        routes.Get(
            new ById("/v1/tasks/{task}/diff", "/v1/task/diff", new QueryParameter("task", "The task.", Required: true)),
            OfTaskAsync, Roles.Read, "Shows what changed in a task between two moments.", Sentence, from, until)
            .Produces<DifferenceAnswer>().Scoped(Scope.Binding);
        routes.Get(
            "/v1/policy/diff", OfPolicyAsync, Roles.Read | Roles.Approve,
            "Shows which rules and settings of the policy differ between two versions.",
            "A version stands in the book from the first decision by it on.",
            new("from", "A version or 12 of its letters, a position or a time; where it is missing the one before until."),
            new("until", "The same; the newest where it is missing."))
            .Produces<DifferenceAnswer>().Scoped(Scope.Unbound);
    }

    private async Task<IResult> OfSessionAsync(HttpContext context)
    {
        var (from, until) = Moments(context);
        var session = await context.SessionAsync();
        var reads = await questions.BeginAsync(context);
        return await differences.OfAsync(reads, session, from, until, context.RequestAborted) is { } found
            ? Reply.Json(found) : SessionOfRequest.NoSession(session.Id);
    }

    private async Task<IResult> OfTaskAsync(HttpContext context)
    {
        var ((from, until), task) = (Moments(context), context.Id("task"));
        var reads = await questions.BeginAsync(context);
        return await differences.OfAsync(reads, task, from, until, context.RequestAborted) is { } found
            ? Reply.Json(found) : Problem.NotFound($"There is no task \"{task}\" that this token may see.");
    }

    private async Task<IResult> OfPolicyAsync(HttpContext context)
    {
        var (from, until) = (context.Query().Text("from"), context.Query().Text("until"));
        return await differences.OfPolicyAsync(from, until, context.RequestAborted) is { } found
            ? Reply.Json(found) : Problem.NotFound("The node has no policy, and nothing was decided by one.");
    }

    private static (AsOf? From, AsOf? Until) Moments(HttpContext context)
    {
        var (query, scope) = (context.Query(), context.Reads().Scope);
        return (query.AsOf(scope, "from"), query.AsOf(scope, "until"));
    }
}
