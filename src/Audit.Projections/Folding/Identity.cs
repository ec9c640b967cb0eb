namespace Audit.Projections.Folding;

/// <summary>What a call is about, as the first message that says so has it. A reused id begins anew.</summary>
internal readonly record struct Identity(string? Task, string? Agent, string? Tool)
{
    public static Identity Of(CallModel call) => new(call.Task, call.Agent, call.Tool);

    public Identity Or(EventFacts facts) => new(Task ?? facts.Task, Agent ?? facts.Agent, Tool ?? facts.Tool);

    /// <summary>The message by the windows: what it names itself counts before what the call was begun with.</summary>
    public WindowMatch Judge(EventFacts facts, Func<string, TaskWindows> windowsOf) => Task is null
        ? new WindowMatch(WindowJudgement.NoTask, null)
        : windowsOf(Task).Judge(facts.Agent ?? Agent, facts.Tool ?? Tool, facts.At);
}
