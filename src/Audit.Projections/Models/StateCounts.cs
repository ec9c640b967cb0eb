using System.Text.Json.Serialization;

namespace Audit.Projections.Models;

/// <summary>How many calls are in each state; those of none are of calls of which nothing could be read.</summary>
public sealed record StateCounts(IReadOnlyList<int> ByState)
{
    public static readonly StateCounts Empty = new(new int[Words.AllStates.Count]);

    [JsonIgnore]
    public int this[CallState state] => ByState[(int)state];

    /// <summary>A call that was in one state and is in another; null when it was not there, or is not there any more.</summary>
    public StateCounts Change(CallState? before, CallState? after)
    {
        if (before == after)
        {
            return this;
        }

        var changed = ByState.ToArray();
        if (after is { } now)
        {
            changed[(int)now]++;
        }

        if (before is { } was)
        {
            changed[(int)was]--;
        }

        return new StateCounts(changed);
    }
}
