using Audit.Projections.Language;

namespace Audit.Projections.Queries;

/// <summary>
/// What a call, a session or a window comes to, in one sentence made of what the book has: whoever looks reads it
/// first, on a page and on a command line, and each part of it leads to what it rests on.
/// </summary>
public sealed record Sentence(IReadOnlyList<Clause> Clauses)
{
    /// <summary>As plain text, with times in UTC.</summary>
    public string Text => string.Join("; ", Clauses.Select(clause => clause.Plain)) + ".";

    /// <param name="nameOf">What people call a window, by its id.</param>
    public static Sentence Of(
        CallModel call, IReadOnlyList<TransitionModel> messages, Func<string, string> nameOf) =>
        new([.. CallClauses.Of(call, messages, nameOf)]);

    public static Sentence Of(SessionModel session) => new([.. SessionClauses.Of(session)]);

    public static Sentence Of(WindowView view, Timestamp now) => new([.. WindowClauses.Of(view, now)]);
}

/// <summary>A part of a sentence, and where its proof is.</summary>
/// <param name="At">Stands behind the text.</param>
/// <param name="Position">The event that says so.</param>
/// <param name="Window">The window that it is about.</param>
/// <param name="Query">What finds the calls that it counts.</param>
/// <param name="IsGrave">Somebody may have to answer for it.</param>
public sealed record Clause(
    string Text, Timestamp? At = null, long? Position = null, string? Window = null, string? Query = null,
    bool IsGrave = false)
{
    public string Plain => At is { Ticks: > 0 } at
        ? $"{Text} at {at.ToDateTimeOffset().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture)}"
        : Text;
}

file static class Said
{
    public static string Count(long number, string one, string? many = null) =>
        number == 1 ? $"1 {one}" : $"{Number(number)} {many ?? one + "s"}";

    public static string Number(long number) => number.ToString("#,0", CultureInfo.InvariantCulture);

    public static string Length(TimeSpan time) => time switch
    {
        { TotalSeconds: < 1 } => FormattableString.Invariant($"{time.TotalMilliseconds:0} ms"),
        { TotalMinutes: < 2 } => FormattableString.Invariant($"{time.TotalSeconds:0} s"),
        { TotalHours: < 2 } => FormattableString.Invariant($"{time.TotalMinutes:0} min"),
        { TotalDays: < 2 } => FormattableString.Invariant($"{time.TotalHours:0} h"),
        _ => FormattableString.Invariant($"{time.TotalDays:0} days"),
    };

    public static string Names(NameSet names) => names.Count switch
    {
        0 => "",
        1 => names.Names[0],
        2 => $"{names.Names[0]} and {names.Names[1]}",
        _ => $"{names.Names[0]} and {names.Count - 1}{(names.HasMore ? " or more" : "")} others",
    };
}

file static class CallClauses
{
    private const int MostViolations = 2;

    public static IEnumerable<Clause> Of(
        CallModel call, IReadOnlyList<TransitionModel> messages, Func<string, string> nameOf)
    {
        var legal = messages.Where(message => message.Cause == ViolationCause.None || message.Lifted).ToList();
        var last = legal.LastOrDefault(message => message.Attempt == call.Attempt && message.To == call.State);
        var decision = legal.LastOrDefault(message => message.Message is MessageKind.Approved or MessageKind.Blocked);
        yield return Asked(call, messages);
        if (decision is not null)
        {
            yield return Decided(call, decision);
        }

        if (last is not null && last.Sequence != decision?.Sequence && Outcome(call, last, decision) is { } outcome)
        {
            yield return outcome;
        }

        var standing = messages.Where(message => message is { Cause: not ViolationCause.None, Lifted: false }).ToList();
        foreach (var message in standing.Take(MostViolations))
        {
            yield return Violated(message, decision ?? last);
        }

        if (standing.Count > MostViolations)
        {
            yield return new Clause(
                Said.Count(standing.Count - MostViolations, "further message was", "further messages were")
                    + " refused",
                Position: standing[MostViolations].Position, IsGrave: true);
        }

        if (call.Altered || (call.Anomalies & Anomalies.InputChangedAfterApproval) != 0)
        {
            yield return new Clause(
                $"{(call.State == CallState.Completed ? "what ran" : "what it would run")} is not what was "
                    + ((call.Anomalies & Anomalies.InputChangedAfterApproval) != 0 ? "approved" : "asked for"),
                IsGrave: true);
        }

        if (call.SelfApproved)
        {
            yield return new Clause("who approved it had asked for it", Position: decision?.Position, IsGrave: true);
        }

        yield return Judged(call, messages, nameOf);
        if (call.Unreviewed > 0)
        {
            yield return new Clause(
                $"{Said.Count(call.Unreviewed, "violation waits", "violations wait")} for review", IsGrave: true);
        }
    }

    private static Clause Asked(CallModel call, IReadOnlyList<TransitionModel> messages)
    {
        var who = call.Agent ?? call.Token ?? "somebody";
        return new Clause(
            $"{who} asked for {call.Tool ?? "a tool"}", call.FirstAt, messages.Count > 0 ? messages[0].Position : null);
    }

    private static Clause Decided(CallModel call, TransitionModel decision)
    {
        var verb = decision.Message == MessageKind.Approved ? "approved" : "refused";
        var by = decision.MadeByNode ? call.DecidedBy ?? decision.By : null;
        var text = by is not null ? $"{by} {verb} this"
            : (decision.By ?? call.ClaimedBy) is { } claimed ? $"{claimed} {verb} this, as the host reports"
            : $"the host {verb} it by itself";
        return new Clause(
            text, decision.At, decision.Position,
            IsGrave: decision.Message == MessageKind.Approved && !decision.MadeByNode
                && (call.Anomalies & Anomalies.ApprovedByHostOnly) != 0);
    }

    private static Clause? Outcome(CallModel call, TransitionModel last, TransitionModel? decision)
    {
        var later = Later(last, decision);
        var text = call.State switch
        {
            CallState.Completed => call.Success switch
            {
                true => $"it succeeded{later}", false => $"it failed{later}", null => $"it was completed{later}",
            },
            CallState.Cached => "its result came from a cache",
            CallState.Replayed => "its result was replayed",
            CallState.Running => "it runs",
            CallState.AwaitingConfirmation => "nobody has decided yet",
            CallState.Cancelled => $"it was cancelled{later}",
            CallState.Invalidated => $"it was invalidated{later}",
            CallState.PersistenceFailed => $"it was done{later}, and its host failed to remember it",
            CallState.Approved => "it has not begun",
            CallState.Requested => "nothing became of it yet",
            _ => null,
        };
        return text is null ? null : new Clause(
            text, decision is null && !call.IsOpen ? last.At : null, last.Position,
            IsGrave: call.IsFailed || call.State == CallState.PersistenceFailed);
    }

    private static Clause Violated(TransitionModel message, TransitionModel? before)
    {
        var what = message.Message == MessageKind.Completed
            ? message.Success == false ? "failure" : "success"
            : Words.Of(message.Message).Replace('_', ' ');
        return new Clause(
            $"the host reported {what}{Later(message, before)} all the same "
            + $"({Words.Of(message.Cause).Replace('_', ' ')})",
            before is null ? message.At : null, message.Position, IsGrave: true);
    }

    private static string Later(TransitionModel message, TransitionModel? before) =>
        before is not null && message.At >= before.At
            ? $" {Said.Length(TimeSpan.FromTicks(message.At.Ticks - before.At.Ticks))} later"
            : "";

    private static Clause Judged(CallModel call, IReadOnlyList<TransitionModel> messages, Func<string, string> nameOf)
    {
        var judgement = call.Judgement;
        var of = messages.FirstOrDefault(message => message.Judgement == judgement);
        var window = of?.Window;
        var name = window is null ? null : nameOf(window);
        return judgement switch
        {
            WindowJudgement.NoTask => new Clause("it belongs to no task"),
            WindowJudgement.InWindow => new Clause(
                $"in the window {name ?? "of its task"}"
                    + (call.Judged.GrantedAfter > 0 ? ", which was granted after" : ""),
                Position: of?.Position, Window: window),
            WindowJudgement.OutOfScope => new Clause(
                $"out of the scope of {name ?? "its window"}", Position: of?.Position, Window: window, IsGrave: true),
            WindowJudgement.WindowUnproven => new Clause(
                $"dated into {name ?? "a window"} and reported after its end", Position: of?.Position, Window: window,
                IsGrave: true),
            _ => new Clause(
                $"outside of any window of {call.Task ?? "its task"}", Position: of?.Position, IsGrave: true),
        };
    }
}

file static class SessionClauses
{
    public static IEnumerable<Clause> Of(SessionModel session)
    {
        var all = $"session:{SearchQuery.Quoted(session.SessionId)} source:{SearchQuery.Quoted(session.Source)}";
        var agents = session.Agents.Count > 0 ? " of " + Said.Names(session.Agents) : "";
        var tasks = session.Tasks.Count > 0 ? " for " + Said.Names(session.Tasks) : "";
        yield return new Clause($"{Said.Count(session.Calls, "call")}{agents}{tasks}", Query: all);
        if (session.Failed > 0)
        {
            yield return new Clause($"{Said.Number(session.Failed)} failed", Query: all + " is:failed", IsGrave: true);
        }

        if (session.States[CallState.Blocked] is > 0 and var blocked)
        {
            yield return new Clause($"{Said.Number(blocked)} refused", Query: all + " state:blocked");
        }

        if (session.OpenCalls > 0)
        {
            yield return new Clause(
                $"{Said.Number(session.OpenCalls)} still open"
                    + (session.HasEnded ? " although the session has ended" : ""),
                Query: all + " is:open", IsGrave: session.HasEnded);
        }

        if (session.Violations > 0)
        {
            yield return new Clause(
                Said.Count(session.Violations, "violation"), Query: all + " is:violation", IsGrave: true);
        }

        var judged = session.Judged;
        if (judged.OutsideWindow > 0)
        {
            yield return new Clause(
                $"{Said.Number(judged.OutsideWindow)} outside of a window", Query: all + " is:outside-window",
                IsGrave: true);
        }

        if (judged.OutOfScope > 0)
        {
            yield return new Clause(
                $"{Said.Number(judged.OutOfScope)} out of scope", Query: all + " is:out-of-scope", IsGrave: true);
        }

        if (judged.OutsideWindow + judged.OutOfScope + judged.WindowUnproven == 0 && judged.InWindow > 0)
        {
            yield return new Clause("all that was for a task was in its window");
        }

        if (!session.IsShare)
        {
            yield return session.Completeness.MissingMessages is > 0 and var missing
                ? new Clause(
                    $"{Said.Count(missing, "numbered message is", "numbered messages are")} missing", IsGrave: true)
                : new Clause("nothing is known to be missing");
        }
    }
}

file static class WindowClauses
{
    public static IEnumerable<Clause> Of(WindowView view, Timestamp now)
    {
        var window = view.Window;
        var asked = window.Asked is { } length ? $" {Said.Length(length)} of" : "";
        yield return new Clause(
            $"{window.RequestedBy ?? "somebody"} asked for{asked} {string.Join(", ", window.Scope.Take(4))} "
                + $"for {window.Task}",
            window.RequestedAt, window.Id);
        foreach (var act in window.Acts.Where(act => act.Violation is null))
        {
            if (Text(window, act) is { } text)
            {
                yield return new Clause(
                    text, act.At, act.Position,
                    IsGrave: act.Kind == WindowEventKind.Approved && (window.SelfGranted || window.GrantedAfter));
            }
        }

        var state = window.StateAt(now);
        yield return state switch
        {
            "requested" => new Clause("nobody has decided yet"),
            "open" => new Clause("it is open until", window.Until),
            "upcoming" => new Clause("it opens", window.OpensAt),
            "expired" => new Clause("it ended", window.Until),
            _ => new Clause($"it is {state}"),
        };
        if (window.OpensAt is not null && window.ApprovedBy is not null)
        {
            foreach (var clause in Done(view))
            {
                yield return clause;
            }
        }

        if (window.Violations > 0)
        {
            yield return new Clause(
                $"{Said.Count(window.Violations, "act was", "acts were")} refused",
                Position: window.Refusals.FirstOrDefault()?.Position, IsGrave: true);
        }
    }

    private static string? Text(WindowModel window, WindowAct act) => act.Kind switch
    {
        WindowEventKind.Approved => $"{act.By} approved it"
            + (window.SelfGranted ? " without having been asked" : "")
            + (window.GrantedAfter ? ", after it had begun" : ""),
        WindowEventKind.Denied => $"{act.By} denied it",
        WindowEventKind.Extended => $"{act.By} extended it",
        WindowEventKind.Revoked => $"{act.By} revoked it",
        WindowEventKind.Closed => $"{act.By} closed it",
        WindowEventKind.Accepted => $"{act.By} accepted what came late",
        _ => null,
    };

    private static IEnumerable<Clause> Done(WindowView view)
    {
        var window = SearchQuery.Quoted(view.Window.WindowId);
        var done = view.Done.Items;
        var more = view.Done.Next is null ? "" : " or more";
        yield return new Clause(
            done.Count == 0 ? "nothing was done in its time"
                : $"{Said.Count(done.Count, "call")}{more} in its time", Query: $"window:{window}");
        if (done.Count(one => one.Call.IsFailed) is > 0 and var failed)
        {
            yield return new Clause($"{failed}{more} failed", Query: $"window:{window} is:failed", IsGrave: true);
        }

        if (view.OutOfScope.Items.Count is > 0 and var stray)
        {
            yield return new Clause(
                $"{stray}{(view.OutOfScope.Next is null ? "" : " or more")} out of its scope", IsGrave: true,
                Query: $"task:{SearchQuery.Quoted(view.Window.Task ?? "")} is:out-of-scope");
        }

        if (view.Outside.Items.Count is > 0 and var outside)
        {
            yield return new Clause(
                $"{outside}{(view.Outside.Next is null ? "" : " or more")} for its task outside of any window",
                Query: $"task:{SearchQuery.Quoted(view.Window.Task ?? "")} is:outside-window", IsGrave: true);
        }
    }
}
