namespace Audit.Hammer.Simulation;

/// <summary>How one question to the store goes.</summary>
internal enum Fate
{
    Fine,

    /// <summary>The connection breaks, and nothing was done.</summary>
    BreaksBefore,

    /// <summary>It is done, and the connection breaks before the answer.</summary>
    BreaksAfter,

    /// <summary>The connection breaks, and it is done when nobody expects it any more.</summary>
    DoneLate,

    /// <summary>Some of the streams are reported lost, though nobody was in the way.</summary>
    PretendsConflict,

    /// <summary>An error that no journal announces.</summary>
    Fails,
}

/// <summary>What goes wrong in a schedule, and how often; the plan is drawn from its seed alone.</summary>
internal sealed class Faults(Chance chance)
{
    private readonly int oftenInHundred = chance.Below(4) == 0 ? 0 : chance.Next(1, 35);
    private readonly int slowInHundred = chance.Below(3) == 0 ? 0 : chance.Next(1, 40);
    private readonly int atOnceInHundred = chance.Next(0, 90);

    /// <summary>From now on all goes well.</summary>
    public bool IsCalm { get; set; }

    public Fate OfAppend() => Draw(
        [Fate.BreaksBefore, Fate.BreaksAfter, Fate.DoneLate, Fate.PretendsConflict, Fate.PretendsConflict, Fate.Fails]);

    public Fate OfChange() => Draw([Fate.BreaksBefore, Fate.BreaksAfter]);

    public Fate OfRead() => Draw([Fate.BreaksBefore, Fate.BreaksAfter, Fate.Fails]);

    /// <summary>How long a way takes: mostly next to nothing, sometimes longer than anybody waits.</summary>
    public TimeSpan Way()
    {
        if (chance.Percent(atOnceInHundred))
        {
            return TimeSpan.Zero;
        }

        return IsCalm || !chance.Percent(slowInHundred) ? chance.Milliseconds(0, 4)
            : chance.Percent(10) ? chance.Milliseconds(1_000, 9_000)
            : chance.Milliseconds(5, 200);
    }

    private Fate Draw(ReadOnlySpan<Fate> fates) =>
        !IsCalm && chance.Percent(oftenInHundred) ? fates[chance.Below(fates.Length)] : Fate.Fine;
}

/// <summary>
/// Faults of the product that are planted from outside, to show that the oracle sees them. No operator can reach them.
/// </summary>
public enum Defect
{
    None,
    ReceiptBeforeCommit,
    NoFence,
    DroppedLastBatch,
    DuplicateAfterResend,
    SealBeforeCommit,
    LostWakeUp,
}
