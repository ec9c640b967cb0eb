using Audit.Lifecycle.Tests.Laws;
using Audit.Lifecycle.Tests.Support;
using static Audit.Lifecycle.Tests.Support.Say;

namespace Audit.Lifecycle.Tests.Calls;

/// <summary>Who reviews a violation, and what a review covers.</summary>
public sealed class ReviewTests
{
    private const ViolationCause Refused = ViolationCause.StandingRefusal;

    [Fact]
    public void a_violation_is_reviewed_as_it_stands_and_once()
    {
        var story = CallStory.Of(Blocked(1), Completed(9));

        var first = Decide(story.History, (2, Refused));
        Assert.Equal((MessageOutcome.Recorded, 3L), (first.Outcome, first.Sequence));
        Assert.Equal(story.History.Standing, After(story.History, first).Standing);

        var again = Decide(After(story.History, first), (2, Refused));
        Assert.Equal((MessageOutcome.Duplicate, 3L), (again.Outcome, again.Sequence));
        Assert.Null(again.Taken);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(0)]
    public void what_never_was_a_violation_is_not_reviewed(long sequence)
    {
        var decision = Decide(CallStory.Of(Blocked(1), Completed(9)).History, (2, Refused), (sequence, Refused));

        Assert.Equal(ReviewRefusal.NoViolation, decision.Refusal);
        Assert.Contains($"at sequence {sequence}", decision.Error);
    }

    [Fact]
    public void a_later_rejudgement_reopens_a_review_and_makes_older_verdicts_stale()
    {
        var story = CallStory.Of(Blocked(1), Completed(9));
        var reviewed = After(story.History, Decide(story.History, (2, Refused)));
        var lifted = Later(reviewed, PersistenceFailed(3), Approved(4));

        Assert.Equal(ReviewRefusal.Stale, Decide(lifted, (2, Refused)).Refusal);
        var second = Decide(lifted, (2, ViolationCause.None));
        Assert.Equal(MessageOutcome.Recorded, second.Outcome);

        var violated = Later(After(lifted, second), Blocked(6));
        Assert.Equal(ReviewRefusal.Stale, Decide(violated, (2, ViolationCause.None)).Refusal);
        Assert.Equal(MessageOutcome.Recorded, Decide(violated, (2, Refused)).Outcome);
    }

    [Fact]
    public void what_a_later_message_made_a_violation_and_another_lifted_is_still_one_to_review()
    {
        var story = CallStory.Of(Requested(1), Completed(9));
        var violated = Later(story.History, Blocked(5));
        var lifted = Later(violated, PersistenceFailed(6), Approved(7));

        Assert.Equal(MessageOutcome.Recorded, Decide(violated, (2, Refused)).Outcome);
        Assert.Equal(MessageOutcome.Recorded, Decide(lifted, (2, ViolationCause.None)).Outcome);
        Assert.Equal(ReviewRefusal.NoViolation, Decide(story.History, (2, ViolationCause.None)).Refusal);
    }

    [Fact]
    public void nobody_reviews_what_his_source_reported_whatever_token_he_holds()
    {
        var story = CallStory.Of(Blocked(1) with { Person = "eve" }, Completed(9) with { Person = "adam" });

        Assert.All(["eve", "adam"], person => Assert.Equal(
            ReviewRefusal.Own, ReviewDecider.Decide(new ReviewedCall(story.History), Of("phone", person, (2, Refused))).Refusal));
        Assert.Equal(ReviewRefusal.Own, ReviewDecider.Decide(new ReviewedCall(story.History), Of("adam", null, (2, Refused))).Refusal);
        Assert.Equal(MessageOutcome.Recorded, Decide(story.History, (2, Refused)).Outcome);

        var alone = Of("phone", "eve", (2, Refused)) with { MayBeOwn = true };
        Assert.True(ReviewDecider.Decide(new ReviewedCall(story.History), alone).Taken!.MayBeOwn);
        var other = Of("maria", null, (2, Refused)) with { MayBeOwn = true };
        Assert.False(ReviewDecider.Decide(new ReviewedCall(story.History), other).Taken!.MayBeOwn);
    }

    [Fact]
    public void a_decision_that_was_stale_is_reviewed_by_another_than_who_made_it()
    {
        var stale = Approved(3) with { MadeByNode = true, Token = "maria", Answers = new Answer(7, Print("question")) };
        var story = CallStory.Of(RequiresConfirmation(1), stale);

        Assert.Equal(ViolationCause.StaleAnswer, story.Book[2].Cause);
        Assert.Equal(ReviewRefusal.Own, Decide(story.History, (2, ViolationCause.StaleAnswer)).Refusal);
        Assert.Equal(
            MessageOutcome.Recorded,
            ReviewDecider.Decide(new ReviewedCall(story.History), Of("bob", null, (2, ViolationCause.StaleAnswer))).Outcome);
    }

    [Theory]
    [InlineData("lifted", ViolationCause.None)]
    [InlineData("not_allowed", ViolationCause.NotAllowed)]
    public void a_verdict_is_written_as_it_is_read(string word, ViolationCause cause)
    {
        Assert.Equal(new SeenVerdict(4, cause), SeenVerdict.Of(4, word));
        Assert.Equal(word, new SeenVerdict(4, cause).Word);
        Assert.Null(SeenVerdict.Of(4, "none"));
        Assert.Null(SeenVerdict.Of(4, "completed"));
    }

    [Fact]
    public void reviews_change_no_verdict_whenever_they_come() => Law.Holds(MessageLists.Any, list =>
    {
        var (plain, reviewed) = (CallHistory.Empty, CallHistory.Empty);
        foreach (var message in list.Messages)
        {
            var (one, other) = (Sent(plain, message), Sent(reviewed, message));
            Assert.Equal((one.Outcome, one.Verdict), (other.Outcome, other.Verdict));
            (plain, reviewed) = (one.After, ReviewAll(other.After));
            Assert.Equal(WithoutNumbers(plain.Standing), WithoutNumbers(reviewed.Standing));
        }
    });

    private static Standing WithoutNumbers(Standing standing) => standing with { Asked = 0, RefusalSequence = 0 };

    private static CallDecision Sent(CallHistory history, CallMessage message) =>
        CallDecider.Decide(history, Sealed(CallStory.Answering(history, message)));

    private static CallHistory ReviewAll(CallHistory history)
    {
        foreach (var entry in Histories.Entries(history))
        {
            foreach (var cause in new[] { ViolationCause.None, entry.Cause })
            {
                history = After(history, Decide(history, (entry.Sequence, cause)));
            }
        }

        return history;
    }

    private static CallHistory After(CallHistory history, ReviewDecision decision) => decision.Taken is { } review
        ? CallEvolution.Evolve(history, new CallEvent.Reviewed(review))
        : history;

    private static CallHistory Later(CallHistory history, params CallMessage[] messages) =>
        messages.Aggregate(history, (known, message) => Sent(known, message).After);

    private static ReviewDecision Decide(CallHistory history, params (long, ViolationCause)[] seen) =>
        ReviewDecider.Decide(new ReviewedCall(history), Of("maria", null, seen));

    private static Review Of(string by, string? person, params (long Sequence, ViolationCause Cause)[] seen) =>
        new([.. seen.Select(one => new SeenVerdict(one.Sequence, one.Cause))], by, person, At(7200));
}
