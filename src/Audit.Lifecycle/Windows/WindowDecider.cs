using Audit.Lifecycle.Calls;
using Audit.Lifecycle.Time;

namespace Audit.Lifecycle.Windows;

/// <summary>The law of task windows, as pure as that of calls.</summary>
public static class WindowDecider
{
    public static WindowDecision Decide(WindowHistory window, WindowMessage message, TimeSpan maxLength)
    {
        if (window.Known.TryGetValue(message.Dedup, out var first))
        {
            return new WindowDecision(MessageOutcome.Duplicate, window, [], first);
        }

        var refusal = Refuse(window, message, maxLength);
        if (Excess(window, message, refusal) is { } excess)
        {
            return new WindowDecision(MessageOutcome.Refused, window, [], window.Sequence, excess);
        }

        var events = refusal is null ? Enact(window, message) : [Violation(window, message, refusal)];
        var after = window;
        foreach (var happened in events)
        {
            after = Evolve(after, happened);
        }

        return new WindowDecision(
            refusal is null ? MessageOutcome.Recorded : MessageOutcome.Violation,
            after,
            events,
            after.Sequence,
            refusal);
    }

    public static WindowHistory Evolve(WindowHistory window, WindowEvent happened)
    {
        var message = happened.Message;
        var next = window with
        {
            Sequence = window.Sequence + 1,
            State = happened.To,
            // A violation may become legal, so the same act again is asked again and no duplicate.
            Known = happened.Kind == WindowEventKind.Violated
                ? window.Known
                : window.Known.SetItem(message.Dedup, window.Sequence + 1),
        };
        return happened.Kind switch
        {
            WindowEventKind.Requested => next with { Terms = message.Terms, RequestedBy = message.Actor },
            WindowEventKind.Approved => next with
            {
                ApprovedBy = message.Actor,
                SelfGranted = happened.SelfGranted,
                OpensAt = happened.OpensAt,
                ClosesAt = happened.ClosesAt,
            },
            WindowEventKind.Extended => next with { ClosesAt = happened.ClosesAt },
            WindowEventKind.Revoked or WindowEventKind.Closed => next with { EndedAt = message.ReceivedAt },
            WindowEventKind.Violated => next with { Violations = window.Violations + 1 },
            _ => next,
        };
    }

    private static string? Excess(WindowHistory window, WindowMessage message, string? refusal)
    {
        if (refusal is not null && window.Violations >= WindowLimits.Violations)
        {
            return $"this window holds {WindowLimits.Violations} violations already";
        }

        // What ends a window is written whatever the window holds: no limit may keep an access open.
        var ends = refusal is null && message.Verb is (WindowVerb.Deny or WindowVerb.Revoke or WindowVerb.Close);
        return !ends && window.Sequence + 2 > WindowLimits.Events
            ? $"this window holds {window.Sequence} events already"
            : null;
    }

    private static string? Refuse(WindowHistory window, WindowMessage message, TimeSpan maxLength)
    {
        if (window.IsExpiredAt(message.ReceivedAt))
        {
            return $"the window expired at {window.ClosesAt}";
        }

        return (window.State, message.Verb) switch
        {
            (WindowState.None, WindowVerb.Request or WindowVerb.Grant) => RefuseTerms(
                message, message.Terms!, maxLength),
            (WindowState.None, _) => "there is no such window",
            (WindowState.Requested, WindowVerb.Approve) when window.RequestedBy == message.Actor =>
                "who requested a window may not approve it",
            (WindowState.Requested, WindowVerb.Approve) => RefuseTerms(message, window.Terms!, maxLength),
            (WindowState.Requested, WindowVerb.Deny or WindowVerb.Close) => null,
            (WindowState.Approved, WindowVerb.Extend) => RefuseExtension(window, message, maxLength),
            (WindowState.Approved, WindowVerb.Revoke or WindowVerb.Close) => null,
            _ => $"a window that is {Words.SnakeCase(window.State.ToString())} takes no {Words.SnakeCase(message.Verb.ToString())}",
        };
    }

    private static string? RefuseTerms(WindowMessage message, WindowTerms terms, TimeSpan maxLength)
    {
        var (opens, closes) = Bounds(message, terms);
        if (closes <= message.ReceivedAt)
        {
            return $"the window would have closed at {closes}, before it was asked for";
        }

        return closes <= opens
            ? $"the window would close at {closes}, before it opens"
            : RefuseLength(opens, closes, maxLength);
    }

    private static string? RefuseExtension(WindowHistory window, WindowMessage message, TimeSpan maxLength) =>
        message.ClosesAt!.Value <= window.ClosesAt!.Value
            ? $"an extension must end later than {window.ClosesAt}"
            : RefuseLength(window.OpensAt!.Value, message.ClosesAt.Value, maxLength);

    private static string? RefuseLength(Timestamp opens, Timestamp closes, TimeSpan maxLength) =>
        closes > opens.Add(maxLength) ? $"a window is at most {maxLength.TotalHours:0.##} h long" : null;

    private static IReadOnlyList<WindowEvent> Enact(WindowHistory window, WindowMessage message) => message.Verb switch
    {
        WindowVerb.Request => [To(WindowEventKind.Requested, window.State, WindowState.Requested, message)],
        WindowVerb.Grant =>
        [
            To(WindowEventKind.Requested, window.State, WindowState.Requested, message),
            Approval(WindowState.Requested, message, message.Terms!) with { SelfGranted = true },
        ],
        WindowVerb.Approve => [Approval(window.State, message, window.Terms!)],
        WindowVerb.Deny => [To(WindowEventKind.Denied, window.State, WindowState.Denied, message)],
        WindowVerb.Extend =>
        [
            To(WindowEventKind.Extended, window.State, WindowState.Approved, message) with { ClosesAt = message.ClosesAt },
        ],
        WindowVerb.Revoke => [To(WindowEventKind.Revoked, window.State, WindowState.Revoked, message)],
        WindowVerb.Close => [To(WindowEventKind.Closed, window.State, WindowState.Closed, message)],
        _ => throw new ArgumentOutOfRangeException(nameof(message), message.Verb, "A window knows no such verb."),
    };

    private static WindowEvent Approval(WindowState from, WindowMessage message, WindowTerms terms)
    {
        var (opens, closes) = Bounds(message, terms);
        var approved = To(WindowEventKind.Approved, from, WindowState.Approved, message);
        return approved with { OpensAt = opens, ClosesAt = closes };
    }

    private static (Timestamp Opens, Timestamp Closes) Bounds(WindowMessage message, WindowTerms terms)
    {
        var opens = terms.OpensAt ?? message.ReceivedAt;
        return (opens, terms.ClosesAt ?? opens.Add(terms.Duration!.Value));
    }

    private static WindowEvent Violation(WindowHistory window, WindowMessage message, string refusal) =>
        To(WindowEventKind.Violated, window.State, window.State, message) with { Violation = refusal };

    private static WindowEvent To(WindowEventKind kind, WindowState from, WindowState to, WindowMessage message) =>
        new(kind, message, from, to);
}
