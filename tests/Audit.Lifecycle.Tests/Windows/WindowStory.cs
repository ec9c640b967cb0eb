using Audit.Lifecycle.Tests.Support;

namespace Audit.Lifecycle.Tests.Windows;

/// <summary>Acts on one task window. Times are seconds; the window asked for is open from 0 to an hour.</summary>
internal sealed class WindowStory
{
    public const int Hour = 3600;

    public WindowHistory Window { get; private set; } = WindowHistory.Empty;

    public static WindowTerms Terms { get; } = new("migrate-orders", "copilot", ["sql.*"], "the migration")
    {
        OpensAt = Say.At(0),
        ClosesAt = Say.At(Hour),
    };

    /// <summary>`ada` asked, and `grace` decided.</summary>
    public static WindowStory In(WindowState state)
    {
        var story = new WindowStory();
        if (state != WindowState.None)
        {
            story.Act(Message(WindowVerb.Request, "ada", at: 1));
        }

        WindowVerb[] verbs = state switch
        {
            WindowState.Approved => [WindowVerb.Approve],
            WindowState.Denied => [WindowVerb.Deny],
            WindowState.Revoked => [WindowVerb.Approve, WindowVerb.Revoke],
            WindowState.Closed => [WindowVerb.Approve, WindowVerb.Close],
            _ => [],
        };
        foreach (var verb in verbs)
        {
            Assert.Equal(MessageOutcome.Recorded, story.Act(Message(verb, "grace", at: 2)).Outcome);
        }

        Assert.Equal(state, story.Window.State);
        return story;
    }

    public static WindowMessage Message(WindowVerb verb, string actor, double at, double closes = 2 * Hour, WindowTerms? terms = null) =>
        WindowMessage.Of(
            verb,
            new WindowDelivery
            {
                Actor = actor, ReceivedAt = Say.At(at), Dedup = Say.Print($"{verb} {actor} {at}"), MayEndAny = actor == "grace",
            },
            terms ?? Terms, verb == WindowVerb.Extend ? Say.At(closes) : null, new WindowSpan(new SessionName("ci", "s"), Say.At(0), Say.At(Hour)));

    /// <summary>The same act, received again later.</summary>
    public static WindowMessage Again(WindowMessage message, double at) =>
        message with { Delivery = message.Delivery with { ReceivedAt = Say.At(at) } };

    public WindowDecision Act(WindowMessage message)
    {
        var decision = WindowDecider.Decide(Window, message, WindowLimits.DefaultMaxLength);
        var folded = decision.Events.Aggregate(Window, WindowDecider.Evolve);
        Assert.Equal(decision.After with { Known = folded.Known }, folded);
        Assert.Equal(decision.After.Known, folded.Known);
        Window = decision.After;
        return decision;
    }
}
