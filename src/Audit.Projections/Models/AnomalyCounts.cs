using System.Numerics;
using System.Text.Json.Serialization;

namespace Audit.Projections.Models;

/// <summary>How many calls have each anomaly: counted, for a re-judgement takes an anomaly back.</summary>
public sealed record AnomalyCounts(IReadOnlyList<int> ByFlag)
{
    public static readonly AnomalyCounts Empty = new([]);

    [JsonIgnore]
    public Anomalies Present
    {
        get
        {
            var present = 0;
            for (var flag = 0; flag < ByFlag.Count; flag++)
            {
                present |= ByFlag[flag] > 0 ? 1 << flag : 0;
            }

            return (Anomalies)present;
        }
    }

    public int Of(Anomalies anomaly) => BitOperations.Log2((uint)anomaly) is var flag && flag < ByFlag.Count ? ByFlag[flag] : 0;

    /// <summary>A call that had some anomalies and has others.</summary>
    public AnomalyCounts Change(Anomalies before, Anomalies after)
    {
        if (before == after)
        {
            return this;
        }

        var changed = new int[Math.Max(ByFlag.Count, BitOperations.Log2((uint)(before | after)) + 1)];
        for (var flag = 0; flag < changed.Length; flag++)
        {
            var known = flag < ByFlag.Count ? ByFlag[flag] : 0;
            changed[flag] = known + ((int)after >> flag & 1) - ((int)before >> flag & 1);
        }

        return new AnomalyCounts(Trim(changed));
    }

    /// <summary>Without zeros at the end, so that what was taken back leaves no trace of having been there.</summary>
    private static int[] Trim(int[] counts)
    {
        var length = counts.Length;
        while (length > 0 && counts[length - 1] == 0)
        {
            length--;
        }

        return counts[..length];
    }
}
