namespace Audit.Api.Reading;

/// <summary>How questions to the read models are answered.</summary>
internal sealed class Questions(ReadSide reads)
{
    /// <summary>
    /// Who writes and then reads finds what was written; under load the answer says how far it is instead.
    /// </summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(150);

    /// <summary>The answer's head says what the read models know.</summary>
    public async Task BeginAsync(HttpContext context)
    {
        await reads.CatchUpAsync(Patience, context.RequestAborted);
        context.Response.Headers["Audit-Position"] =
            (await reads.Models.PositionAsync(context.RequestAborted)).ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>Answers with a list of what the token may see.</summary>
    public async Task<IResult> ListAsync<T, TShown>(
        HttpContext context, Func<PageRequest, CancellationToken, Task<Page<T>>> ask, Func<T, bool> sees, Func<T, TShown> show)
    {
        var page = context.Query().Page();
        await BeginAsync(context);
        return Reply.Json(WireOf.Page(await ask(page, context.RequestAborted), sees, show));
    }

    /// <summary>
    /// Lets the read models and the text index see what was just written, where that is a matter of a moment.
    /// </summary>
    public async Task CatchUpSearchAsync(CancellationToken cancellation)
    {
        await reads.CatchUpAsync(Patience, cancellation);
        await reads.Search.CatchUpAsync(Patience, cancellation);
    }
}

/// <summary>What a token that is bound to an agent or a task may see of the read models; any other sees all.</summary>
internal readonly struct Visibility(Bearer bearer)
{
    public bool Sees(SessionModel session) =>
        (bearer.Agents.Count == 0 || bearer.Agents.Any(session.Agents.Contains))
        && (bearer.Tasks.Count == 0 || bearer.Tasks.Any(session.Tasks.Contains));

    public bool Sees(CallModel call) => bearer.RefuseBound(call.Agent, call.Task) is null;

    public bool Sees(TaskModel task) =>
        (bearer.Tasks.Count == 0 || bearer.Tasks.Contains(task.TaskId))
        && (bearer.Agents.Count == 0 || bearer.Agents.Any(task.Agents.Contains));

    public bool Sees(WindowModel window) => bearer.RefuseBound(window.Agent, window.Task) is null;

    public bool Sees(SearchHit hit) => bearer.RefuseBound(hit.Agent, hit.Task) is null;

    public bool Sees(ViolationModel violation) => bearer.RefuseBound(violation.Agent, violation.Task) is null;
}
