namespace Audit.Engine.Intake;

public static class ItemLimits
{
    /// <summary>Up to here an item is kept as it came.</summary>
    public const int Kept = 256 << 10;

    /// <summary>Up to here its long strings are cut; beyond it only the fact that it came is kept.</summary>
    public const int Read = 16 << 20;
}
