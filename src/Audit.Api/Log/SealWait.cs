using System.Data.Common;
using Audit.Api.Answers;
using Audit.Api.Hosting;

namespace Audit.Api.Log;

/// <summary>
/// Holds the receipts of one request until a checkpoint covers them. Once that took too long, the request waits no more:
/// a stream must not crawl because nobody seals.
/// </summary>
internal sealed class SealWait
{
    public const string Parameter = "wait";

    private const string Sealed = "sealed";

    private readonly NodeParts node;
    private readonly CancellationToken aborted;
    private bool hasRunOut;

    private SealWait(NodeParts node, CancellationToken aborted)
    {
        this.node = node;
        this.aborted = aborted;
    }

    /// <returns>Null where the request does not ask for it.</returns>
    public static SealWait? Read(NodeParts node, HttpContext context, QueryReader query)
    {
        if (query.Text(Parameter) is not { } wanted)
        {
            return null;
        }

        if (wanted != Sealed)
        {
            query.Refuse(Parameter, $"\"{wanted}\" is not accepted; accepted is {Sealed}.");
        }

        return new SealWait(node, context.RequestAborted);
    }

    /// <returns>The position up to which the journal is sealed then.</returns>
    public async Task<long> UntilAsync(IEnumerable<Receipt> receipts)
    {
        var last = receipts.Select(receipt => receipt.Position).DefaultIfEmpty().Max();
        if (last == 0)
        {
            return 0;
        }

        if (!hasRunOut)
        {
            hasRunOut = !await WaitAsync(last);
        }

        return (await node.Log.TryHeadAsync(CancellationToken.None))?.LastPosition ?? 0;
    }

    private async Task<bool> WaitAsync(long position)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(aborted, node.Stopping);
        patience.CancelAfter(node.Log.WaitPatience);
        try
        {
            return await node.Log.Sealer.WaitForSealedAsync(position, patience.Token);
        }
        catch (Exception failure) when (failure is OperationCanceledException or DbException or LogDamagedException)
        {
            return false;
        }
    }
}
