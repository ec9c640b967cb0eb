using System.Data.Common;

namespace Audit.Api.Log;

/// <summary>
/// Holds the receipts of one request until a checkpoint covers them. Once that took too long, the request waits no
/// more: a stream must not crawl because nobody seals.
/// </summary>
internal sealed class SealWait
{
    public const string Parameter = "wait";

    private const string Sealed = "sealed";

    private readonly NodeLog log;
    private readonly CancellationToken stopping;
    private readonly CancellationToken aborted;
    private bool hasRunOut;

    private SealWait(NodeLog log, CancellationToken stopping, CancellationToken aborted)
    {
        this.log = log;
        this.stopping = stopping;
        this.aborted = aborted;
    }

    /// <returns>Null where the request does not ask for it.</returns>
    public static SealWait? Read(NodeLog log, CancellationToken stopping, HttpContext context)
    {
        var query = context.Query();
        if (query.Text(Parameter) is not { } wanted)
        {
            return null;
        }

        if (wanted != Sealed)
        {
            query.Refuse(Parameter, $"\"{wanted}\" is not accepted; accepted is {Sealed}.");
        }

        return new SealWait(log, stopping, context.RequestAborted);
    }

    /// <returns>The position up to which the journal is sealed then.</returns>
    public async Task<SealedUpTo> UntilAsync(IEnumerable<Receipt> receipts)
    {
        var last = receipts.Select(receipt => receipt.Position).DefaultIfEmpty().Max();
        if (last == 0)
        {
            return default;
        }

        if (!hasRunOut)
        {
            hasRunOut = !await WaitAsync(last);
        }

        var head = await log.TryHeadAsync(CancellationToken.None);
        return new SealedUpTo(head?.LastPosition ?? 0, head?.Log.Halt is not null);
    }

    private async Task<bool> WaitAsync(long position)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(aborted, stopping);
        patience.CancelAfter(log.WaitPatience);
        try
        {
            return await log.Sealer.WaitForSealedAsync(position, patience.Token);
        }
        catch (Exception failure) when (failure is OperationCanceledException or DbException or LogDamagedException)
        {
            return false;
        }
    }
}

/// <summary>How far the journal was sealed when receipts were given.</summary>
/// <param name="IsHalted">Whether nothing more is sealed until a person did something.</param>
internal readonly record struct SealedUpTo(long Position, bool IsHalted)
{
    public bool Covers(Receipt receipt) => receipt.Position <= Position;
}
