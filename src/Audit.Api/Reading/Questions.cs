using System.Collections.Concurrent;
using System.Security.Cryptography;

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

/// <summary>Gives each request the part of the book that its token may see.</summary>
internal sealed class Readers(ReadSide reads, VeilKey key)
{
    private readonly ConcurrentDictionary<string, PositionVeil> veils = [];

    public ScopedReads Of(Bearer bearer, ReadTrace? trace) => reads.For(ScopeOf(bearer) with { Trace = trace });

    /// <summary>
    /// A bound token that only reads sees no positions. One that writes has them from its receipts.
    /// </summary>
    public ReadScope ScopeOf(Bearer bearer) => !bearer.IsBound
        ? ReadScope.All
        : new ReadScope(
            bearer.Agents, bearer.Tasks, bearer.Sources, bearer.Roles == Roles.Read ? VeilOf(bearer) : null);

    private PositionVeil VeilOf(Bearer bearer) => veils.GetOrAdd(
        JsonSerializer.Serialize(new[] { bearer.Agents, bearer.Tasks, bearer.Sources }),
        binding => new PositionVeil(HMACSHA256.HashData(key.Bytes.Span, Encoding.UTF8.GetBytes(binding))));
}

/// <summary>What numbers that stand for positions are made with, the same on every node of a store.</summary>
internal sealed record VeilKey(ReadOnlyMemory<byte> Bytes);

internal static class ReaderOfRequest
{
    /// <summary>What whoever asks may read.</summary>
    public static ScopedReads Reads(this HttpContext context)
    {
        if (context.Features.Get<ScopedReads>() is { } known)
        {
            return known;
        }

        var own = context.RequestServices.GetRequiredService<Readers>()
            .Of(context.Bearer(), context.Features.Get<ReadTrace>());
        context.Features.Set(own);
        return own;
    }
}
