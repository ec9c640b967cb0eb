namespace Audit.Projections;

/// <summary>How many messages of a call, or calls of a task, were judged how.</summary>
public readonly record struct JudgementCounts
{
    public int NoTask { get; init; }

    public int InWindow { get; init; }

    public int OutOfScope { get; init; }

    public int OutsideWindow { get; init; }

    /// <summary>The gravest judgement that anything got.</summary>
    public Judgement Worst() =>
        OutsideWindow > 0 ? Judgement.OutsideWindow
        : OutOfScope > 0 ? Judgement.OutOfScope
        : InWindow > 0 ? Judgement.InWindow
        : Judgement.NoTask;

    public JudgementCounts Add(Judgement judgement, int count) => judgement switch
    {
        Judgement.NoTask => this with { NoTask = NoTask + count },
        Judgement.InWindow => this with { InWindow = InWindow + count },
        Judgement.OutOfScope => this with { OutOfScope = OutOfScope + count },
        _ => this with { OutsideWindow = OutsideWindow + count },
    };

    /// <summary>One that was judged one way and is judged another, null standing for not being there.</summary>
    public JudgementCounts Change(Judgement? before, Judgement? after)
    {
        var counts = before is { } was ? Add(was, -1) : this;
        return after is { } now ? counts.Add(now, 1) : counts;
    }

    public JudgementCounts Plus(JudgementCounts other) => new()
    {
        NoTask = NoTask + other.NoTask,
        InWindow = InWindow + other.InWindow,
        OutOfScope = OutOfScope + other.OutOfScope,
        OutsideWindow = OutsideWindow + other.OutsideWindow,
    };
}
