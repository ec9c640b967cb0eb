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
        var gaps = new List<HostGap>();
        var missing = 0UL;
        foreach (var seqs in session.Seqs)
        {
            var ofHost = 0UL;
            foreach (var gap in seqs.Gaps())
            {
                // A host may claim any number it likes, so the sum of gaps can exceed what a number holds.
                ofHost = Sum(ofHost, (ulong)(gap.To - gap.From) + 1);
                if (gaps.Count < MostGaps)
                {
                    gaps.Add(new HostGap(seqs.Host, gap.From, gap.To));
                }
            }

            // Numbers that came and were not kept as ranges of their own lie in the gaps.
            missing = Sum(missing, ofHost - Math.Min(ofHost, (ulong)seqs.Dropped));
        }

        return new Completeness(
            gaps, (long)Math.Min(missing, long.MaxValue), session.HasEnded ? session.OpenCalls : 0,
            session.ReportedLate);
    }

    private static ulong Sum(ulong one, ulong other) => one > ulong.MaxValue - other ? ulong.MaxValue : one + other;
}

public readonly record struct HostGap(string Host, long From, long To);
