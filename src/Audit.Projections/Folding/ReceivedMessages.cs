namespace Audit.Projections.Folding;

/// <summary>The messages of a call by arrival, with what the law says of each as things stand.</summary>
internal sealed class ReceivedMessages
{
    private readonly List<EventFacts> facts = [];
    private readonly List<CallEvent.Received> received = [];
    private readonly Dictionary<long, int> indexOfSequence = [];
    private readonly Dictionary<int, Verdict> violations = [];
    private readonly Dictionary<int, long> rejudgedAt = [];
    private readonly Dictionary<int, ReviewCourse> courses = [];
    private readonly Positions decisions = new([]);
    private readonly Verdict[] now;

    public ReceivedMessages(IReadOnlyList<CallEntry> stream)
    {
        foreach (var entry in stream)
        {
            Take(entry);
        }

        now = [.. received.Select(message => message.Verdict)];
        History = JudgeAll();
    }

    public int Count => facts.Count;

    /// <summary>
    /// The indexes in the order of the history; what the law does not judge stands at its end, if the rest is not as it
    /// arrived.
    /// </summary>
    public IReadOnlyList<int> History { get; }

    public CallOrder Order { get; private set; }

    public IReadOnlyList<string> NamedTasks => [.. facts.Select(one => one.Task).OfType<string>().Distinct()];

    public bool NamesNoTask => facts.Exists(one => one.Task is null);

    public EventFacts Facts(int index) => facts[index];

    public Verdict Now(int index) => now[index];

    /// <summary>The last verdict by which it was a violation; null when it never was one.</summary>
    public Verdict? LastViolation(int index) => violations.TryGetValue(index, out var verdict) ? verdict : null;

    /// <summary>The event that says so; it may lie behind the position up to which the stream is read.</summary>
    public long? LiftedBy(int index) => rejudgedAt.TryGetValue(index, out var position) ? position : null;

    /// <summary>Where it stands with those who review violations; null when it never was one.</summary>
    /// <param name="copies">Where copies of the book were given.</param>
    public ReviewModel? Review(int index, Positions copies) =>
        courses.TryGetValue(index, out var course) ? course.Of(now[index], decisions, copies)
        : now[index].IsViolation ? ReviewModel.Waiting
        : null;

    /// <summary>
    /// The reason as it was written, or in the law's words where a later message made it a violation.
    /// </summary>
    public string Reason(int index, Verdict violated) =>
        received[index].Verdict.RulesAs(violated) && facts[index].Violation is { } written
            ? written
            : ViolationReason.Of(violated, received[index].Message);

    private void Take(CallEntry entry)
    {
        switch (entry.Happened)
        {
            case CallEvent.Received message:
                indexOfSequence[entry.Facts.Sequence] = received.Count;
                if (message.Verdict.IsViolation)
                {
                    violations[received.Count] = message.Verdict;
                    courses[received.Count] = new ReviewCourse(entry.Facts);
                }

                if (entry.Facts.Answers is not null)
                {
                    decisions.Add(entry.Facts.Position);
                }

                facts.Add(entry.Facts);
                received.Add(message);
                break;
            case CallEvent.Rejudged rejudged when indexOfSequence.TryGetValue(rejudged.Sequence, out var index):
                Rejudge(index, rejudged.Now, entry.Facts);
                break;
            case CallEvent.Reviewed { Review.Verdicts: var seen }:
                foreach (var (sequence, cause) in seen.Where(one => indexOfSequence.ContainsKey(one.Sequence)))
                {
                    courses.GetValueOrDefault(indexOfSequence[sequence])?.Review(cause, entry.Facts);
                }

                break;
            case CallEvent.Retimed { Counts: true } retimed
                when indexOfSequence.TryGetValue(retimed.Sequence, out var index):
                var dated = received[index].Message with { RecordedAt = retimed.Given, TimeInferred = false };
                received[index] = received[index] with { Message = dated };
                facts[index].GivenAt = Instants.Clamp(retimed.Given);
                break;
        }
    }

    private void Rejudge(int index, Verdict verdict, EventFacts rejudged)
    {
        rejudgedAt[index] = rejudged.Position;
        if (verdict.IsViolation)
        {
            violations[index] = verdict;
            courses.TryAdd(index, new ReviewCourse(rejudged));
        }

        courses.GetValueOrDefault(index)?.Rejudge(verdict, rejudged);
    }

    private List<int> JudgeAll()
    {
        var judged = Enumerable.Range(0, received.Count)
            .Where(index => received[index].Weight == EntryWeight.Judged)
            .ToList();
        if (judged.Count == 0)
        {
            return [.. Enumerable.Range(0, received.Count)];
        }

        var judgement = Judge.Of(Entries(judged));
        for (var place = 0; place < judged.Count; place++)
        {
            now[judged[place]] = judgement.Verdicts[place];
        }

        Order = !judgement.InOrder ? CallOrder.Scattered
            : judged.TrueForAll(index => EntryChain.HasNumber(received[index].Message)) ? CallOrder.Numbered
            : CallOrder.Timed;
        return judgement.InOrder
            ? [.. Enumerable.Range(0, received.Count)]
            : [
                .. judgement.Order.Select(place => judged[place]),
                .. Enumerable.Range(0, received.Count).Except(judged),
            ];
    }

    private IReadOnlyList<Entry> Entries(List<int> judged)
    {
        var chain = new EntryChain();
        foreach (var index in judged)
        {
            chain.Add(facts[index].Sequence, received[index].Message);
        }

        return chain.Judged;
    }
}
