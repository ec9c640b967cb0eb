using Audit.Lifecycle.Calls;
using Audit.Lifecycle.Time;

namespace Audit.Lifecycle.Windows;

/// <summary>What comes of an act on a window: the events to write, all or none, and the window as it then is.</summary>
public sealed record WindowDecision(
    MessageOutcome Outcome, WindowHistory After, IReadOnlyList<WindowEvent> Events, long Sequence,
    string? Sentence = null);

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

        var events = refusal is null
            ? Enact(window, message)
            : [new WindowEvent.Violated(message, window.State, refusal)];
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
            // A violation may become legal, and more may have come since an acceptance, so that the same act again
            // is asked again and no duplicate.
            Known = happened is WindowEvent.Violated or WindowEvent.Accepted or WindowEvent.Reviewed
                ? window.Known
                : window.Known.SetItem(message.Dedup, window.Sequence + 1),
        };
        return happened switch
        {
            WindowEvent.Requested requested => next with
            {
                Terms = requested.Terms, RequestedBy = message.Requester, RequestedFor = message.Behind,
                RequestedSource = message.Delivery.Source,
            },
            WindowEvent.Approved approved => next with
            {
                ApprovedBy = message.Actor,
                SelfGranted = approved.SelfGranted,
                GrantedAfter = approved.GrantedAfter,
                MintedByParty = window.MintedByParty || message.Delivery.MintedByParty,
                OpensAt = approved.OpensAt,
                ClosesAt = approved.ClosesAt,
            },
            WindowEvent.Extended extended => next with
            {
                ClosesAt = extended.ClosesAt, MintedByParty = window.MintedByParty || message.Delivery.MintedByParty,
            },
            WindowEvent.Revoked or WindowEvent.Closed => next with { EndedAt = message.ReceivedAt },
            WindowEvent.Accepted => next with { Acceptances = window.Acceptances + 1 },
            WindowEvent.Violated => next with
            {
                Violations = window.Violations + 1,
                Refused = new RefusedLink(next.Sequence, message.Behind, message.Delivery.Source, window.Refused),
            },
            WindowEvent.Reviewed { Review: var review } => next with
            {
                Rulings = RulingLink.After(window.Rulings, review, next.Sequence),
            },
            _ => next,
        };
    }

    private static string? Excess(WindowHistory window, WindowMessage message, string? refusal)
    {
        if (refusal is not null && window.Violations >= WindowLimits.Violations)
        {
            return $"this window holds {WindowLimits.Violations} violations already";
        }

        if (refusal is not null && RefusedLink.CountOf(window.Refused, message) >= WindowLimits.ViolationsOfOne)
        {
            return $"this window holds {WindowLimits.ViolationsOfOne} violations of {message.Requester} already";
        }

        if (message is WindowMessage.Accept && window.Acceptances >= WindowLimits.Acceptances)
        {
            return $"this window holds {WindowLimits.Acceptances} acceptances already";
        }

        // What ends a window is written whatever the window holds: no limit may keep an access open.
        var ends = refusal is null
            && message is (WindowMessage.Deny or WindowMessage.Revoke or WindowMessage.Close);
        return !ends && window.Sequence + 2 > WindowLimits.Events
            ? $"this window holds {window.Sequence} events already"
            : null;
    }

    private static string? Refuse(WindowHistory window, WindowMessage message, TimeSpan maxLength)
    {
        if (message is WindowMessage.Accept acceptance)
        {
            return RefuseAcceptance(window, acceptance);
        }

        if (window.IsExpiredAt(message.ReceivedAt))
        {
            return $"the window expired at {window.ClosesAt}";
        }

        return (window.State, message) switch
        {
            (WindowState.None, WindowMessage.Asking asking) => RefuseTerms(message, asking.Terms, maxLength),
            (WindowState.None, _) => "there is no such window",
            (WindowState.Requested, WindowMessage.Approve) when window.IsOwnOf(message) =>
                "who requested a window, or is behind a source that it is for, may not approve it",
            (WindowState.Approved, WindowMessage.Extend) when window.IsOwnOf(message) =>
                "who requested a window, or is behind a source that it is for, may not extend it",
            (WindowState.Requested or WindowState.Approved, WindowMessage.Close)
                when !message.Delivery.MayEndAny && !window.IsRequestedBy(message) =>
                "only who requested a window, an approver or an administrator closes it",
            (WindowState.Requested, WindowMessage.Approve approval) =>
                RefuseTerms(message, window.Terms!, maxLength) ?? RefuseMore(approval, window.Terms!),
            (WindowState.Requested, WindowMessage.Deny or WindowMessage.Close) => null,
            (WindowState.Approved, WindowMessage.Extend extend) => RefuseExtension(window, extend, maxLength),
            (WindowState.Approved, WindowMessage.Revoke or WindowMessage.Close) => null,
            _ => $"a window that is {Words.SnakeCase(window.State.ToString())} takes no "
                + $"{Words.SnakeCase(message.Verb.ToString())}",
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

    /// <summary>Whoever approves may give less time than was asked for, and never more.</summary>
    private static string? RefuseMore(WindowMessage.Approve message, WindowTerms terms) =>
        message.ClosesAt > AskedBounds(message, terms).Closes
            ? $"an approval ends at {AskedBounds(message, terms).Closes} at the latest, as was asked for"
            : null;

    private static string? RefuseExtension(WindowHistory window, WindowMessage.Extend message, TimeSpan maxLength) =>
        message.ClosesAt <= window.ClosesAt!.Value
            ? $"an extension must end later than {window.ClosesAt}"
            : RefuseLength(window.OpensAt!.Value, message.ClosesAt, maxLength);

    private static string? RefuseAcceptance(WindowHistory window, WindowMessage.Accept message)
    {
        var span = message.Span;
        return window.Until is not { } until || window.OpensAt is not { } opens
            ? "a window that was never approved has nothing to accept"
            : message.ReceivedAt < until ? "a window that has not ended has nothing to accept"
            : window.IsOwnOf(message)
                ? "who requested a window, or is behind what was reported, may not accept it"
            : span.From >= span.Until || span.From >= until || span.Until <= opens
                ? $"nothing between {span.From} and {span.Until} lies in the window"
            : null;
    }

    private static string? RefuseLength(Timestamp opens, Timestamp closes, TimeSpan maxLength) =>
        closes > opens.Add(maxLength) ? $"a window is at most {maxLength.TotalHours:0.##} h long" : null;

    private static IReadOnlyList<WindowEvent> Enact(WindowHistory window, WindowMessage message) => message switch
    {
        WindowMessage.Request request => [new WindowEvent.Requested(message, window.State, request.Terms)],
        // Nobody grants what is for a source of his own: it waits for another person, as what others ask for does.
        WindowMessage.Grant { Delivery.OfParty: true } grant =>
            [new WindowEvent.Requested(message, window.State, grant.Terms)],
        WindowMessage.Grant grant =>
        [
            new WindowEvent.Requested(message, window.State, grant.Terms),
            Approval(WindowState.Requested, message, grant.Terms),
        ],
        WindowMessage.Approve => [Approval(window.State, message, window.Terms!)],
        WindowMessage.Deny => [new WindowEvent.Denied(message, window.State)],
        WindowMessage.Extend extend => [new WindowEvent.Extended(message, window.State, extend.ClosesAt)],
        WindowMessage.Revoke => [new WindowEvent.Revoked(message, window.State)],
        WindowMessage.Close => [new WindowEvent.Closed(message, window.State)],
        WindowMessage.Accept accept => [new WindowEvent.Accepted(message, window.State, accept.Span)],
        _ => throw new ArgumentOutOfRangeException(nameof(message), message.Verb, "A window knows no such verb."),
    };

    private static WindowEvent.Approved Approval(WindowState from, WindowMessage message, WindowTerms terms)
    {
        var (opens, closes) = Bounds(message, terms);
        return new WindowEvent.Approved(message, from, opens, closes);
    }

    private static (Timestamp Opens, Timestamp Closes) Bounds(WindowMessage message, WindowTerms terms)
    {
        var asked = AskedBounds(message, terms);
        return message is WindowMessage.Approve { ClosesAt: { } closes } ? (asked.Opens, closes) : asked;
    }

    private static (Timestamp Opens, Timestamp Closes) AskedBounds(WindowMessage message, WindowTerms terms)
    {
        var opens = terms.OpensFrom(message.ReceivedAt);
        return (opens, terms.ClosesAt ?? opens.Add(terms.Duration!.Value));
    }
}
