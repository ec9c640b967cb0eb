namespace Audit.Projections.Models;

/// <summary>How many messages of a call, or calls of a task, were judged how.</summary>
public readonly record struct JudgementCounts
{
    public int NoTask { get; init; }

    public int InWindow { get; init; }

    public int OutOfScope { get; init; }

    public int OutsideWindow { get; init; }

    /// <summary>The gravest judgement that anything got.</summary>
    public WindowJudgement Worst() =>
        OutsideWindow > 0 ? WindowJudgement.OutsideWindow
        : OutOfScope > 0 ? WindowJudgement.OutOfScope
        : InWindow > 0 ? WindowJudgement.InWindow
        : WindowJudgement.NoTask;

    public JudgementCounts Add(WindowJudgement judgement, int count) => judgement switch
    {
        WindowJudgement.NoTask => this with { NoTask = NoTask + count },
        WindowJudgement.InWindow => this with { InWindow = InWindow + count },
        WindowJudgement.OutOfScope => this with { OutOfScope = OutOfScope + count },
        _ => this with { OutsideWindow = OutsideWindow + count },
    };

    /// <summary>One that was judged one way and is judged another, null standing for not being there.</summary>
    public JudgementCounts Change(WindowJudgement? before, WindowJudgement? after)
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
