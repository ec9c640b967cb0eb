namespace Audit.Node.Intake;

/// <summary>
/// An item as it lies in the buffer of its batch; or, for one that was too large for that, what was kept of it.
/// </summary>
internal readonly record struct RawItem(int Start, int Length, LargeItem? Large = null);
