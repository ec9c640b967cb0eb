namespace Audit.Projections.Folding;

/// <summary>
/// What became of one violation: since when it is one, what lifted it, and who reviewed it.
/// </summary>
/// <param name="began">The event by which it was one first.</param>
internal sealed class ReviewCourse(EventFacts began)
{
    /// <summary>Messages of one host may arrive out of order for so long without anybody having to look.</summary>
    public static readonly TimeSpan Explaining = TimeSpan.FromSeconds(60);

    private EventFacts? lifted;
    private EventFacts? reviewed;
    private ViolationCause seen;

    public void Rejudge(Verdict now, EventFacts facts)
    {
        lifted = now.IsViolation ? null : lifted ?? facts;
        IsReopened = reviewed is not null;
    }

    public void Review(ViolationCause cause, EventFacts facts) => (reviewed, seen, IsReopened) = (facts, cause, false);

    private bool IsReopened { get; set; }

    /// <param name="now">As things stand.</param>
    /// <param name="named">
    /// The positions of what makes a violation known to others: decisions on the call, and copies of the book.
    /// </param>
    public ReviewModel Of(Verdict now, params ReadOnlySpan<Positions> named)
    {
        var delay = lifted is null ? (TimeSpan?)null
            : TimeSpan.FromTicks(Math.Max(lifted.ReceivedAt.Ticks - began.ReceivedAt.Ticks, 0));
        var review = new ReviewModel(ReviewState.Waiting)
        {
            By = reviewed?.By, At = reviewed?.ReceivedAt, Reason = reviewed?.Remark, LiftedAfter = delay,
            Finding = Words.FindingOf(reviewed?.Decision),
        };
        return reviewed is not null
            ? review with
            {
                State = IsReopened || seen != now.Cause ? ReviewState.Reopened : ReviewState.Reviewed,
            }
            : !now.IsViolation && delay <= Explaining && !IsNamed(named)
                ? new ReviewModel(ReviewState.Explained)
                : review;
    }

    private bool IsNamed(ReadOnlySpan<Positions> named)
    {
        foreach (var positions in named)
        {
            if (positions.HasBetween(began.Position, lifted!.Position))
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>Positions of the journal, ascending.</summary>
internal sealed class Positions(IEnumerable<long> known)
{
    private readonly List<long> all = [.. known];

    public void Add(long position) => all.Add(position);

    public bool HasBetween(long after, long before)
    {
        var index = all.BinarySearch(after + 1);
        index = index < 0 ? ~index : index;
        return index < all.Count && all[index] < before;
    }

    /// <summary>Where copies of the book were given.</summary>
    public static async Task<Positions> OfCopiesAsync(IReadSession session, CancellationToken cancellation) =>
        new(await session.QueryAsync(
            "SELECT position FROM copies ORDER BY position", [], row => row.Number(0), cancellation));
}
