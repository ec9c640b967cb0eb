namespace Audit.Api.Reading;

/// <summary>How questions to the read models are answered.</summary>
internal sealed class Questions(ReadSide reads)
{
    /// <summary>
    /// Who writes and then reads finds what was written, also on a busy machine: the answer comes as soon as it is
    /// there.
    /// </summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>The answer's head says what the read models know.</summary>
    /// <returns>What whoever asks may read.</returns>
    public async Task<ScopedReads> BeginAsync(HttpContext context)
    {
        await reads.CatchUpAsync(Patience, context.RequestAborted);
        var own = context.Reads();
        if (own.Scope.Veil is not null)
        {
            return own;
        }

        context.Response.Headers["Audit-Position"] =
            (await reads.Models.PositionAsync(context.RequestAborted)).ToString(CultureInfo.InvariantCulture);
        return own;
    }

    /// <summary>Answers with a list of what the token may see.</summary>
    public async Task<IResult> ListAsync<T, TShown>(
        HttpContext context, Func<ReadModels, PageRequest, CancellationToken, Task<Page<T>>> ask, Func<T, TShown> show)
    {
        var page = context.Query().Page();
        var own = await BeginAsync(context);
        return Reply.Json(WireOf.Page(await ask(own.Models, page, context.RequestAborted), show));
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
