using System.Data.Common;

namespace Audit.Api.Log;

/// <summary>
/// Holds the receipts of one request until a checkpoint covers them. Once that took too long, the request waits no
/// more: a stream must not crawl because nobody seals.
/// </summary>
internal sealed class SealWait
{
    public const string Parameter = "wait";

    /// <summary>Of one answer; of more there are proofs by `/v1/proofs`.</summary>
    private const int MostProofs = 1_000;

    private const string Sealed = "sealed";

    private readonly NodeLog log;
    private readonly CancellationToken stopping;
    private readonly CancellationToken aborted;
    private bool hasRunOut;
    private int proofs;

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

    /// <returns>How far the journal is sealed then, with proofs for as many as get one.</returns>
    public async Task<SealedUpTo> UntilAsync(IEnumerable<Receipt> receipts)
    {
        var positions = receipts.Where(receipt => receipt.Position > 0).Select(receipt => receipt.Position).ToList();
        if (positions.Count == 0)
        {
            return new SealedUpTo(0, log.IsHalted) { IsAsked = true };
        }

        positions.Sort();
        // A log that halted for good says so at once; one whose journal was put back seals on by itself.
        if (!hasRunOut)
        {
            hasRunOut = !await WaitAsync(positions[^1]);
        }

        var head = await log.TryHeadAsync(CancellationToken.None);
        var known = new SealedUpTo(head?.LastPosition ?? 0, log.IsHalted || head?.Log.Halt is not null)
        {
            IsAsked = true,
        };
        var proven = positions.Take(MostProofs - proofs).ToList();
        proofs += proven.Count;
        return proven.Count == 0 || positions[0] > known.Position ? known : await ProvenAsync(known, proven);
    }

    private async Task<SealedUpTo> ProvenAsync(SealedUpTo known, List<long> positions)
    {
        try
        {
            var proofs = await log.Reader.ProveAllAsync(positions, aborted);
            return known with
            {
                Proofs = proofs,
                Left = positions.Where(one => !proofs.Places.ContainsKey(one)).ToHashSet(),
            };
        }
        catch (LogDamagedException)
        {
            // What is there is not what was sealed, and /v1/proofs says what is wrong.
            return known with { Left = positions.ToHashSet() };
        }
        catch (Exception failure) when (failure is OperationCanceledException or DbException)
        {
            // They are sealed all the same.
            return known;
        }
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
    /// <summary>Whether whoever sent the records wants to know how far; a halt is said to everybody.</summary>
    public bool IsAsked { get; init; }

    public SharedProofs? Proofs { get; init; }

    /// <summary>Positions before that one that no entry of the log is of, in spite of their place.</summary>
    public IReadOnlySet<long>? Left { get; init; }

    public bool Covers(Receipt receipt) => receipt.Position <= Position && Left?.Contains(receipt.Position) != true;
}
