namespace Audit.Projections.Models;

/// <summary>What speaks against a session's having been reported completely.</summary>
/// <param name="Gaps">Numbers of a host that never arrived, host by host; the first hundred gaps.</param>
/// <param name="MissingMessages">How many numbers that is.</param>
/// <param name="OpenAfterEnd">Calls that are open although the session was noted as ended.</param>
/// <param name="ReportedLate">Messages received more than five minutes after what they report.</param>
public sealed record Completeness(
    IReadOnlyList<HostGap> Gaps, long MissingMessages, int OpenAfterEnd, int ReportedLate)
{
    public const int MostGaps = 100;

    public bool IsComplete => MissingMessages == 0 && OpenAfterEnd == 0 && ReportedLate == 0;

    internal static Completeness Of(SessionModel session)
    {
        // A host may claim any number it likes, so the sum can exceed what a number holds.
        var missing = session.Seqs.Aggregate(UInt128.Zero, (sum, seqs) => sum + seqs.Missing());
        var gaps = session.Seqs.SelectMany(seqs => seqs.Gaps().Select(gap => new HostGap(seqs.Token, gap.From, gap.To)));
        return new Completeness(
            [.. gaps.Take(MostGaps)], (long)UInt128.Min(missing, long.MaxValue),
            session.HasEnded ? session.OpenCalls : 0, session.ReportedLate);
    }
}

public readonly record struct HostGap(string Token, long From, long To);
