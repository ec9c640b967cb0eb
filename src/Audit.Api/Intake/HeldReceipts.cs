using System.Threading.Channels;
using Audit.Api.Log;

namespace Audit.Api.Intake;

/// <summary>
/// Holds the receipts of a stream until they are sealed, beside its intake: whoever waits for the log, which is signed
/// once a second, must not take the places of those who wait for the journal.
/// </summary>
internal sealed class HeldReceipts
{
    /// <summary>
    /// More than that wait for nothing but a log that is not signed; then the intake waits with them.
    /// </summary>
    private const int Batches = 256;

    private readonly Channel<(long FirstIndex, ArraySegment<Receipt> Receipts)> waiting =
        Channel.CreateBounded<(long, ArraySegment<Receipt>)>(
            new BoundedChannelOptions(Batches) { SingleReader = true, SingleWriter = true });

    private readonly Task passing;

    /// <param name="pass">Takes the first index, the receipts, and how far the journal is
    /// sealed.</param>
    public HeldReceipts(SealWait seal, Action<long, ArraySegment<Receipt>, SealedUpTo> pass) =>
        passing = PassAsync(seal, pass);

    public ValueTask AddAsync(long firstIndex, ArraySegment<Receipt> receipts) =>
        waiting.Writer.WriteAsync((firstIndex, receipts));

    /// <summary>Waits until all have been passed on.</summary>
    public Task EndAsync()
    {
        waiting.Writer.TryComplete();
        return passing;
    }

    private async Task PassAsync(SealWait seal, Action<long, ArraySegment<Receipt>, SealedUpTo> pass)
    {
        try
        {
            await foreach (var (firstIndex, receipts) in waiting.Reader.ReadAllAsync())
            {
                pass(firstIndex, receipts, await seal.UntilAsync(receipts));
            }
        }
        catch (Exception failure)
        {
            waiting.Writer.TryComplete(failure);
            throw;
        }
    }
}
