namespace Audit.Api.Intake;

/// <summary>
/// An item as it lies in the buffer of its batch; or, for one that was too large for that, what was kept of it.
/// </summary>
/// <param name="Line">Its line in the body, from 1; 0 where lines mean nothing.</param>
internal readonly record struct RawItem(int Start, int Length, LargeItem? Large = null, long Line = 0);
