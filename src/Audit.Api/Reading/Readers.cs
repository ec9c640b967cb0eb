using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace Audit.Api.Reading;

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
