using Audit.Lifecycle.Tests.Support;
using static Audit.Lifecycle.Tests.Windows.WindowStory;

namespace Audit.Lifecycle.Tests.Windows;

public sealed class WindowTests
{
    [Fact]
    public void who_requested_a_window_may_not_approve_it()
    {
        var story = In(WindowState.Requested);

        var decision = story.Act(Message(WindowVerb.Approve, "ada", at: 5));

        Assert.Equal(MessageOutcome.Violation, decision.Outcome);
        Assert.Equal("who requested a window, or is behind a source that it is for, may not approve it", decision.Sentence);
        Assert.Equal(MessageOutcome.Recorded, story.Act(Message(WindowVerb.Approve, "grace", at: 6)).Outcome);
        Assert.Equal(("ada", "grace", false), (story.Window.RequestedBy, story.Window.ApprovedBy, story.Window.SelfGranted));
    }

    [Fact]
    public void an_approval_may_give_less_than_was_asked_for_and_never_more()
    {
        var story = In(WindowState.Requested);
        var approval = (WindowMessage.Approve)Message(WindowVerb.Approve, "grace", at: 5);

        var more = story.Act(approval with { ClosesAt = Say.At(Hour + 1) });
        Assert.Equal(MessageOutcome.Violation, more.Outcome);
        Assert.Contains("at the latest, as was asked for", more.Sentence);
        Assert.Equal(MessageOutcome.Violation, story.Act(approval with { ClosesAt = Say.At(5) }).Outcome);
        Assert.Equal(MessageOutcome.Recorded, story.Act(approval with { ClosesAt = Say.At(600) }).Outcome);
        Assert.Equal((Say.At(0), Say.At(600)), (story.Window.OpensAt, story.Window.ClosesAt));
    }

    [Fact]
    public void a_grant_is_a_request_and_an_approval_in_one_and_noted_as_self_granted()
    {
        var story = new WindowStory();

        var decision = story.Act(Message(WindowVerb.Grant, "grace", at: 5));

        Assert.Equal([WindowEventKind.Requested, WindowEventKind.Approved], decision.Events.Select(happened => happened.Kind));
        Assert.True(Assert.IsType<WindowEvent.Approved>(decision.Events[1]).SelfGranted);
        Assert.True(story.Window.SelfGranted);
        Assert.Equal((Say.At(0), Say.At(Hour)), (story.Window.OpensAt, story.Window.ClosesAt));
        Assert.Equal(2, decision.Sequence);
    }

    [Fact]
    public void a_window_is_open_from_its_opening_until_its_closing_time()
    {
        var window = In(WindowState.Approved).Window;

        Assert.False(window.IsOpenAt(Say.At(-0.001)));
        Assert.True(window.IsOpenAt(Say.At(0)));
        Assert.True(window.IsOpenAt(Say.At(Hour - 0.001)));
        Assert.False(window.IsOpenAt(Say.At(Hour)));
    }

    [Fact]
    public void a_window_is_not_open_before_it_is_approved_nor_when_it_is_denied_or_withdrawn()
    {
        var withdrawn = In(WindowState.Requested);
        withdrawn.Act(Message(WindowVerb.Close, "ada", at: 9));

        Assert.False(In(WindowState.Requested).Window.IsOpenAt(Say.At(10)));
        Assert.False(In(WindowState.Denied).Window.IsOpenAt(Say.At(10)));
        Assert.False(withdrawn.Window.IsOpenAt(Say.At(10)));
        Assert.Equal(WindowState.Closed, withdrawn.Window.State);
    }

    [Theory]
    [InlineData(WindowVerb.Revoke)]
    [InlineData(WindowVerb.Close)]
    public void a_window_that_is_ended_was_open_until_then(WindowVerb verb)
    {
        var story = In(WindowState.Approved);

        story.Act(Message(verb, "grace", at: 600));

        Assert.True(story.Window.IsOpenAt(Say.At(599)));
        Assert.False(story.Window.IsOpenAt(Say.At(600)));
    }

    [Theory]
    [InlineData(WindowVerb.Extend)]
    [InlineData(WindowVerb.Revoke)]
    [InlineData(WindowVerb.Close)]
    [InlineData(WindowVerb.Approve)]
    public void the_clock_alone_expires_a_window_and_then_only_reading_is_left(WindowVerb verb)
    {
        var story = In(WindowState.Approved);
        Assert.False(story.Window.IsExpiredAt(Say.At(Hour - 1)));
        Assert.True(story.Window.IsExpiredAt(Say.At(Hour)));

        var decision = story.Act(Message(verb, "grace", at: Hour));

        Assert.Equal(MessageOutcome.Violation, decision.Outcome);
        Assert.Equal("the window expired at 2026-11-20T15:00:00.0000000Z", decision.Sentence);
    }

    [Fact]
    public void a_window_is_at_most_as_long_as_allowed()
    {
        var longest = Terms with { ClosesAt = Say.At(48 * Hour) };
        var longer = Terms with { ClosesAt = Say.At(48 * Hour).Next() };

        Assert.Equal(MessageOutcome.Recorded, Asked(longest).Outcome);
        Assert.Equal("a window is at most 48 h long", Asked(longer).Sentence);
        Assert.Equal("a window is at most 48 h long",
            Asked(Terms with { ClosesAt = null, Duration = TimeSpan.FromHours(48.5) }).Sentence);
        Assert.Equal("a window is at most 48 h long", Asked(Terms with { ClosesAt = null, Duration = TimeSpan.MaxValue }).Sentence);
    }

    [Fact]
    public void a_duration_counts_from_the_opening_or_else_from_the_approval()
    {
        var opening = new WindowStory();
        opening.Act(Request(Terms with { OpensAt = Say.At(100), ClosesAt = null, Duration = TimeSpan.FromSeconds(50) }));
        opening.Act(Message(WindowVerb.Approve, "grace", at: 20));
        var approval = new WindowStory();
        approval.Act(Request(Terms with { OpensAt = null, ClosesAt = null, Duration = TimeSpan.FromSeconds(50) }));
        approval.Act(Message(WindowVerb.Approve, "grace", at: 20));

        Assert.Equal((Say.At(100), Say.At(150)), (opening.Window.OpensAt, opening.Window.ClosesAt));
        Assert.Equal((Say.At(20), Say.At(70)), (approval.Window.OpensAt, approval.Window.ClosesAt));
    }

    [Fact]
    public void a_window_that_would_be_over_before_it_begins_is_refused()
    {
        Assert.StartsWith("the window would have closed at", Asked(Terms with { ClosesAt = Say.At(1) }).Sentence);
        Assert.StartsWith(
            "the window would close at", Asked(Terms with { OpensAt = Say.At(100), ClosesAt = Say.At(100) }).Sentence);
        Assert.StartsWith(
            "the window would", Asked(Terms with { ClosesAt = null, Duration = TimeSpan.FromSeconds(-5) }).Sentence);
    }

    [Fact]
    public void a_request_that_waited_past_its_own_end_is_approved_no_more()
    {
        var story = In(WindowState.Requested);

        var decision = story.Act(Message(WindowVerb.Approve, "grace", at: Hour));

        Assert.Equal(MessageOutcome.Violation, decision.Outcome);
        Assert.Equal(WindowState.Requested, story.Window.State);
        Assert.Equal(MessageOutcome.Recorded, story.Act(Message(WindowVerb.Deny, "grace", at: Hour + 1)).Outcome);
    }

    [Fact]
    public void an_extension_ends_later_and_within_the_longest_window()
    {
        var story = In(WindowState.Approved);

        Assert.Equal("an extension must end later than 2026-11-20T15:00:00.0000000Z", Extend(Hour, at: 5).Sentence);
        Assert.Equal("an extension must end later than 2026-11-20T15:00:00.0000000Z", Extend(Hour - 1, at: 6).Sentence);
        Assert.Equal("a window is at most 48 h long", Extend(48 * Hour + 1, at: 7).Sentence);
        Assert.Equal(MessageOutcome.Recorded, Extend(48 * Hour, at: 8).Outcome);
        Assert.Equal(Say.At(48 * Hour), story.Window.ClosesAt);
        Assert.True(story.Window.IsOpenAt(Say.At(47 * Hour)));

        WindowDecision Extend(double closes, double at) =>
            story.Act(Message(WindowVerb.Extend, "grace", at, closes));
    }

    [Fact]
    public void an_act_that_is_told_again_is_a_duplicate()
    {
        var story = In(WindowState.Requested);
        var approve = Message(WindowVerb.Approve, "grace", at: 5);
        var first = story.Act(approve);
        var before = story.Window;

        var decision = story.Act(Again(approve, at: 9000));

        Assert.Equal((MessageOutcome.Duplicate, first.Sequence), (decision.Outcome, decision.Sequence));
        Assert.Empty(decision.Events);
        Assert.Same(before, story.Window);
    }

    [Fact]
    public void a_grant_that_is_told_again_is_told_the_same_place()
    {
        var story = new WindowStory();
        var grant = Message(WindowVerb.Grant, "grace", at: 5);

        Assert.Equal(story.Act(grant).Sequence, story.Act(grant).Sequence);
    }

    [Fact]
    public void an_act_that_was_a_violation_may_become_legal_and_is_no_duplicate()
    {
        var story = new WindowStory();
        var approve = Message(WindowVerb.Approve, "grace", at: 5);
        Assert.Equal("there is no such window", story.Act(approve).Sentence);

        story.Act(Message(WindowVerb.Request, "ada", at: 6));

        Assert.Equal(MessageOutcome.Recorded, story.Act(Again(approve, at: 7)).Outcome);
        Assert.Equal(WindowState.Approved, story.Window.State);
    }

    [Fact]
    public void two_hundred_violations_are_kept_and_then_refused()
    {
        var story = In(WindowState.Denied);
        for (var index = 0; index < WindowLimits.Violations; index++)
        {
            var who = $"grace-{index / WindowLimits.ViolationsOfOne}";
            Assert.Equal(MessageOutcome.Violation, story.Act(Message(WindowVerb.Approve, who, at: 10 + index)).Outcome);
        }

        var decision = story.Act(Message(WindowVerb.Approve, "grace", at: 900));

        Assert.Equal((MessageOutcome.Refused, "this window holds 200 violations already"), (decision.Outcome, decision.Sentence));
        Assert.Empty(decision.Events);
    }

    [Fact]
    public void an_extension_needs_another_person_than_the_requester()
    {
        var story = In(WindowState.Approved);
        var own = Message(WindowVerb.Extend, "ada-phone", at: 5, closes: 3 * Hour);

        Assert.Equal(
            "who requested a window, or is behind a source that it is for, may not extend it",
            story.Act(own with { Delivery = own.Delivery with { Person = "ada" } }).Sentence);
        Assert.Equal(MessageOutcome.Recorded, story.Act(Message(WindowVerb.Extend, "grace", at: 6, closes: 3 * Hour)).Outcome);
    }

    [Fact]
    public void only_who_requested_a_window_or_may_approve_closes_it()
    {
        var story = In(WindowState.Approved);

        Assert.Equal(
            "only who requested a window, an approver or an administrator closes it",
            story.Act(Message(WindowVerb.Close, "mallory", at: 5)).Sentence);
        Assert.Equal(MessageOutcome.Recorded, story.Act(Message(WindowVerb.Close, "ada", at: 6)).Outcome);
    }

    [Fact]
    public void an_approval_of_a_time_that_is_past_is_granted_after()
    {
        var story = In(WindowState.None);
        story.Act(Message(WindowVerb.Request, "ada", at: 10, terms: Terms with { OpensAt = Say.At(5) }));

        var approved = story.Act(Message(WindowVerb.Approve, "grace", at: 20));

        Assert.True(Assert.IsType<WindowEvent.Approved>(approved.Events[0]).GrantedAfter);
        Assert.True(story.Window.GrantedAfter);
    }

    [Fact]
    public void a_full_window_takes_no_extension_and_can_still_be_ended()
    {
        var story = In(WindowState.Approved);
        for (var index = 1; story.Window.Sequence + 2 <= WindowLimits.Events; index++)
        {
            var extend = Message(WindowVerb.Extend, "grace", at: 10 + index, closes: Hour + index);
            Assert.Equal(MessageOutcome.Recorded, story.Act(extend).Outcome);
        }

        Assert.Equal(MessageOutcome.Refused, story.Act(Message(WindowVerb.Extend, "grace", at: 2000)).Outcome);
        Assert.Equal(MessageOutcome.Recorded, story.Act(Message(WindowVerb.Revoke, "grace", at: 2001)).Outcome);
        Assert.False(story.Window.IsOpenAt(Say.At(2002)));
    }

    [Fact]
    public void nobody_uses_up_what_is_kept_of_others()
    {
        var story = In(WindowState.Approved);
        for (var index = 0; index < WindowLimits.ViolationsOfOne; index++)
        {
            story.Act(By(Message(WindowVerb.Close, $"mallory-{index}", at: 10 + index), source: "mallory"));
        }

        var more = story.Act(By(Message(WindowVerb.Close, "mallory-x", at: 90), source: "mallory"));
        Assert.Equal((MessageOutcome.Refused, "this window holds 50 violations of mallory already"), (more.Outcome, more.Sentence));
        Assert.Equal(MessageOutcome.Violation, story.Act(Message(WindowVerb.Close, "eve", at: 91)).Outcome);
    }

    [Fact]
    public void the_requester_is_the_source_whatever_the_token_is_called()
    {
        var story = new WindowStory();
        story.Act(By(Message(WindowVerb.Request, "hooks", at: 1), source: "ci", person: "alan"));
        Assert.Equal(("ci", "ci", "alan"), (story.Window.RequestedBy, story.Window.RequestedSource, story.Window.RequestedFor));

        foreach (var own in new[] { Message(WindowVerb.Approve, "alan-phone", at: 2), Message(WindowVerb.Approve, "x", at: 2) })
        {
            var by = own.Actor == "x" ? By(own, source: "ci", person: "bea") : By(own, person: "alan");
            Assert.StartsWith("who requested a window", story.Act(by).Sentence);
        }

        story.Act(Message(WindowVerb.Approve, "grace", at: 3));
        Assert.StartsWith("only who requested", story.Act(By(Message(WindowVerb.Close, "other", at: 4), source: "other", person: "alan")).Sentence);
        Assert.Equal(MessageOutcome.Recorded, story.Act(By(Message(WindowVerb.Close, "hooks-2", at: 5), source: "ci", person: "bea")).Outcome);
    }

    [Fact]
    public void who_is_behind_a_source_of_the_window_approves_nothing_and_his_grant_is_a_request()
    {
        var story = In(WindowState.Requested);
        var approve = Message(WindowVerb.Approve, "grace", at: 5);
        Assert.StartsWith(
            "who requested a window", story.Act(approve with { Delivery = approve.Delivery with { OfParty = true } }).Sentence);

        var grant = Message(WindowVerb.Grant, "grace", at: 5);
        var granted = WindowDecider.Decide(
            WindowHistory.Empty, grant with { Delivery = grant.Delivery with { OfParty = true } }, WindowLimits.DefaultMaxLength);
        Assert.Equal([WindowEventKind.Requested], granted.Events.Select(happened => happened.Kind));
        Assert.Equal(WindowState.Requested, granted.After.State);
    }

    [Fact]
    public void a_review_of_a_refused_act_moves_nothing_and_is_another_persons()
    {
        var story = In(WindowState.Approved);
        story.Act(Message(WindowVerb.Close, "mallory", at: 5));
        var refused = story.Window.Sequence;
        var seen = new[] { new SeenVerdict(refused, ViolationCause.NotAllowed) };

        Assert.Equal(ReviewRefusal.Own, Decide(new Review(seen, "mallory", null, Say.At(6))).Refusal);
        Assert.Equal(ReviewRefusal.Own, Decide(new Review(seen, "ada-phone", "ada", Say.At(6))).Refusal);
        Assert.Equal(ReviewRefusal.Own, Decide(new Review(seen, "maria", null, Say.At(6)) { OfParty = true }).Refusal);
        Assert.Equal(
            ReviewRefusal.NoViolation,
            Decide(new Review([new SeenVerdict(1, ViolationCause.NotAllowed)], "maria", null, Say.At(6))).Refusal);
        Assert.Equal(
            ReviewRefusal.Stale,
            Decide(new Review([new SeenVerdict(refused, ViolationCause.None)], "maria", null, Say.At(6))).Refusal);

        var review = new Review(seen, "maria", null, Say.At(6));
        Assert.Equal(MessageOutcome.Recorded, Decide(review).Outcome);
        var after = WindowDecider.Evolve(story.Window, WindowEvent.Reviewed.Of(review, story.Window.State));
        Assert.Equal((WindowState.Approved, refused + 1, 1), (after.State, after.Sequence, after.Violations));
        Assert.Equal((MessageOutcome.Duplicate, refused + 1), (ReviewDecider.Decide(after, review).Outcome, ReviewDecider.Decide(after, review).Sequence));

        ReviewDecision Decide(Review one) => ReviewDecider.Decide(story.Window, one);
    }

    private static WindowMessage By(WindowMessage message, string? source = null, string? person = null) =>
        message with { Delivery = message.Delivery with { Source = source, Person = person } };

    private static WindowMessage Request(WindowTerms terms) => Message(WindowVerb.Request, "ada", at: 10, terms: terms);

    private static WindowDecision Asked(WindowTerms terms) => new WindowStory().Act(Request(terms));

    [Fact]
    public void what_was_reported_late_is_accepted_by_another_person_once_the_window_has_ended()
    {
        var story = WindowStory.In(WindowState.Approved);
        Assert.Equal(
            "a window that has not ended has nothing to accept",
            story.Act(WindowStory.Message(WindowVerb.Accept, "grace", at: 60)).Sentence);
        story.Act(WindowStory.Message(WindowVerb.Close, "grace", at: 100));

        Assert.StartsWith("who requested a window", story.Act(WindowStory.Message(WindowVerb.Accept, "ada", at: 200)).Sentence);
        var reporter = WindowStory.Message(WindowVerb.Accept, "grace", at: 200);
        reporter = reporter with { Delivery = reporter.Delivery with { OfParty = true } };
        Assert.Equal(MessageOutcome.Violation, story.Act(reporter).Outcome);

        // More may have come since, so that the same words again are no duplicate.
        Assert.Equal(MessageOutcome.Recorded, story.Act(WindowStory.Message(WindowVerb.Accept, "grace", at: 200)).Outcome);
        Assert.Equal(MessageOutcome.Recorded, story.Act(WindowStory.Message(WindowVerb.Accept, "grace", at: 200)).Outcome);
        Assert.Equal((WindowState.Closed, 2), (story.Window.State, story.Window.Acceptances));
    }
}
