namespace Audit.Lifecycle.Redaction;

/// <summary>One look through a text, from trigger to trigger.</summary>
internal ref struct SecretScan(ReadOnlySpan<char> text, RedactionRules rules, List<Finding> found)
{
    /// <summary>No rule looks further for what belongs to a trigger, so that a text costs its length.</summary>
    public const int Reach = 512;

    public readonly ReadOnlySpan<char> Text = text;

    private readonly List<Finding> found = found;
    private readonly RedactionRules rules = rules;
    private Finding furthest;

    /// <summary>Up to here the options of a program were looked at, of the one that is named.</summary>
    public (string? Program, int End) Command { get; set; }

    /// <summary>Up to here commands were looked at for the password of a user whom they name.</summary>
    public int Users { get; set; }

    /// <summary>The text ends no private key behind a place where its end was looked for in vain.</summary>
    public bool HasNoKeyEnd { get; set; }

    public void Run()
    {
        Span<int> places = stackalloc int[Triggers.Searches];
        places.Fill(-1);
        var at = 0;
        while (Triggers.All.TryNext(Text, ref at, places))
        {
            // What lies within a secret is gone with it; what lies between a trigger and its secret is not.
            if (at >= furthest.Start && at < furthest.End)
            {
                at = furthest.End;
                continue;
            }

            Triggers.All.Match(ref this, at);
            at = furthest.Start <= at && furthest.End > at ? furthest.End : at + 1;
        }
    }

    /// <summary>What is found is taken out, unless its rule is switched off.</summary>
    public void Add(int start, int length, string rule)
    {
        if (length > 0 && rules.IsOn(rule))
        {
            var finding = new Finding(start, start + length, rule);
            found.Add(finding);
            furthest = finding.End > furthest.End ? finding : furthest;
        }
    }

    /// <summary>In order, and none over another.</summary>
    public static void Settle(List<Finding> found)
    {
        if (found.Count < 2)
        {
            return;
        }

        found.Sort((one, other) => one.Start != other.Start ? one.Start - other.Start : other.End - one.End);
        var kept = 0;
        for (var index = 1; index < found.Count; index++)
        {
            var (last, next) = (found[kept], found[index]);
            if (next.Start >= last.End)
            {
                found[++kept] = next;
            }
            else if (next.End > last.End)
            {
                found[kept] = last with { End = next.End };
            }
        }

        found.RemoveRange(kept + 1, found.Count - kept - 1);
    }
}
