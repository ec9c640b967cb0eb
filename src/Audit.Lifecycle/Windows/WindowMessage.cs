using Audit.Lifecycle.Calls;
using Audit.Lifecycle.Hashing;
using Audit.Lifecycle.Records;
using Audit.Lifecycle.Time;

namespace Audit.Lifecycle.Windows;

/// <summary>What can be done with a task window.</summary>
public enum WindowVerb : byte
{
    Request,

    /// <summary>Request and approval in one, by somebody who may approve.</summary>
    Grant,
    Approve,
    Deny,
    Extend,
    Revoke,
    Close,

    /// <summary>Lets what was reported after the end count as done in the window.</summary>
    Accept,

    /// <summary>A person acknowledges refused acts.</summary>
    Review,
}

/// <summary>How an act came.</summary>
public readonly record struct WindowDelivery
{
    /// <summary>The name of the token: who acts.</summary>
    public required string Actor { get; init; }

    /// <summary>The source that the token reports as; null for a person's.</summary>
    public string? Source { get; init; }

    /// <summary>Whose token it is; null where the token's name says it.</summary>
    public string? Person { get; init; }

    /// <summary>The token may approve or administer. What it may is asked when it acts, and not written down.</summary>
    public bool MayEndAny { get; init; }

    /// <summary>
    /// Who acts is behind a source that the act is about (one that the window is for, or that reported what is to be
    /// accepted), or has a token from somebody who is. This too is asked when he acts.
    /// </summary>
    public bool OfParty { get; init; }

    /// <summary>An approval by a token that whoever requests or approves made just before.</summary>
    public bool MintedByParty { get; init; }

    /// <summary>The person whom the actor says to act for.</summary>
    public string? OnBehalfOf { get; init; }

    public required Timestamp ReceivedAt { get; init; }

    public required Fingerprint Dedup { get; init; }

    public string? MessageId { get; init; }

    /// <summary>Why, where somebody says it; what is asked for has its reason in its terms.</summary>
    public string? Reason { get; init; }
}

/// <summary>One act on a task window, by the bearer of a token.</summary>
public abstract record WindowMessage(WindowDelivery Delivery)
{
    public abstract WindowVerb Verb { get; }

    public string Actor => Delivery.Actor;

    /// <summary>Who is behind the act, to be compared with who is behind another.</summary>
    public string Behind => Delivery.Person ?? Delivery.Actor;

    /// <summary>The source that acts, or the person where none does: whatever the token is called.</summary>
    public string Requester => Delivery.Source ?? Behind;

    public Timestamp ReceivedAt => Delivery.ReceivedAt;

    public Fingerprint Dedup => Delivery.Dedup;

    public string? Reason => Delivery.Reason;

    /// <param name="terms">Of a request and a grant.</param>
    /// <param name="closesAt">Of an extension, and of an approval of less than was asked for.</param>
    /// <param name="span">Of an acceptance.</param>
    public static WindowMessage Of(
        WindowVerb verb, WindowDelivery delivery, WindowTerms? terms, Timestamp? closesAt,
        WindowSpan? span = null) => verb switch
    {
        WindowVerb.Request => new Request(delivery, terms ?? throw new ArgumentNullException(nameof(terms))),
        WindowVerb.Grant => new Grant(delivery, terms ?? throw new ArgumentNullException(nameof(terms))),
        WindowVerb.Approve => new Approve(delivery, closesAt),
        WindowVerb.Deny => new Deny(delivery),
        WindowVerb.Extend => new Extend(delivery, closesAt ?? throw new ArgumentNullException(nameof(closesAt))),
        WindowVerb.Revoke => new Revoke(delivery),
        WindowVerb.Close => new Close(delivery),
        WindowVerb.Accept => new Accept(delivery, span ?? throw new ArgumentNullException(nameof(span))),
        WindowVerb.Review => new Reviewing(delivery),
        _ => throw new ArgumentOutOfRangeException(nameof(verb), verb, "A window knows no such verb."),
    };

    /// <summary>An act that asks for a window.</summary>
    public abstract record Asking(WindowDelivery Delivery, WindowTerms Terms) : WindowMessage(Delivery);

    public sealed record Request(WindowDelivery Delivery, WindowTerms Terms) : Asking(Delivery, Terms)
    {
        public override WindowVerb Verb => WindowVerb.Request;
    }

    public sealed record Grant(WindowDelivery Delivery, WindowTerms Terms) : Asking(Delivery, Terms)
    {
        public override WindowVerb Verb => WindowVerb.Grant;
    }

    /// <param name="ClosesAt">An earlier end than was asked for; null for what was asked.</param>
    public sealed record Approve(WindowDelivery Delivery, Timestamp? ClosesAt = null) : WindowMessage(Delivery)
    {
        public override WindowVerb Verb => WindowVerb.Approve;
    }

    public sealed record Deny(WindowDelivery Delivery) : WindowMessage(Delivery)
    {
        public override WindowVerb Verb => WindowVerb.Deny;
    }

    public sealed record Extend(WindowDelivery Delivery, Timestamp ClosesAt) : WindowMessage(Delivery)
    {
        public override WindowVerb Verb => WindowVerb.Extend;
    }

    public sealed record Revoke(WindowDelivery Delivery) : WindowMessage(Delivery)
    {
        public override WindowVerb Verb => WindowVerb.Revoke;
    }

    public sealed record Close(WindowDelivery Delivery) : WindowMessage(Delivery)
    {
        public override WindowVerb Verb => WindowVerb.Close;
    }

    public sealed record Accept(WindowDelivery Delivery, WindowSpan Span) : WindowMessage(Delivery)
    {
        public override WindowVerb Verb => WindowVerb.Accept;
    }

    /// <summary>What is acknowledged stands in the event: <see cref="ReviewDecider"/> decides on it.</summary>
    public sealed record Reviewing(WindowDelivery Delivery) : WindowMessage(Delivery)
    {
        public override WindowVerb Verb => WindowVerb.Review;
    }
}

/// <summary>What a person accepts: what a session reported after a window's end and dated into this time.</summary>
/// <param name="Through">The last position that the person saw; what the book took later is not covered.</param>
public sealed record WindowSpan(SessionName Session, Timestamp From, Timestamp Until, long? Through = null);

/// <summary>What is asked for: which agent, for which task, with which tools, from when until when.</summary>
public sealed record WindowTerms(string TaskId, string Agent, IReadOnlyList<string> Scope, string Reason)
{
    /// <summary>What whoever asks calls it: a name among its own windows, and of no other's.</summary>
    public string? Alias { get; init; }

    /// <summary>Null: from the approval on.</summary>
    public Timestamp? OpensAt { get; init; }

    /// <summary>Null when a duration is given.</summary>
    public Timestamp? ClosesAt { get; init; }

    public TimeSpan? Duration { get; init; }

    /// <summary>Globs of the sources whose calls may be in it.</summary>
    public IReadOnlyList<string> Sources { get; init; } = WindowLimits.AnySource;

    /// <summary>When it opens if it is approved now.</summary>
    public Timestamp OpensFrom(Timestamp now) => OpensAt ?? now;
}

public static class WindowLimits
{
    public const int Events = 1000;
    public const int Violations = 200;

    /// <summary>So many of one source or person: nobody uses up what is kept of others.</summary>
    public const int ViolationsOfOne = 50;

    /// <summary>A window can be ended, and its violations reviewed, when it holds all that it may.</summary>
    public const int MostRead = Events + Violations + 10;
    public const int ScopeGlobs = 100;
    public const int Acceptances = 100;
    public static readonly IReadOnlyList<string> AnySource = (string[])["*"];
    public static readonly TimeSpan DefaultMaxLength = TimeSpan.FromHours(48);
}
