using Audit.Projections.Calls;
using Audit.Projections.Search.Query;

namespace Audit.Projections.Search.Answering;

/// <summary>
/// What may change about a call while its events stay: a bit for its state and one for each thing that can be said of it. It
/// lies in a column of the read models, so that calls worth a look are found without looking at the others.
/// </summary>
internal static class CallMarks
{
    private const int FlagsStart = 16;
    private const long Ordinary =
        1L << (int)CallState.None | 1L << (int)CallState.Completed | 1L << (int)CallState.Cached | 1L << (int)CallState.Replayed;

    private static readonly string[] Flags = [SearchKeys.Violation, SearchKeys.Anomaly, SearchKeys.Open, SearchKeys.OutsideWindow];

    public static long Of(CallModel call) => 1L << (int)call.State
        | Flag(SearchKeys.Violation, call.Violations > 0)
        | Flag(SearchKeys.Anomaly, call.Anomalies != Anomalies.None)
        | Flag(SearchKeys.Open, call.IsOpen)
        | Flag(SearchKeys.OutsideWindow, call.Judged.OutsideWindow > 0);

    /// <summary>As the column has it: most calls are ordinary, and an index of the others stays small.</summary>
    public static long? Noteworthy(CallModel call) => Of(call) is var mark && (mark & ~Ordinary) != 0 ? mark : null;

    public static long Of(SearchKey key, string value) => key == SearchKey.State
        ? Words.TryState(value, out var state) ? 1L << (int)state : 0
        : Flag(value, isSet: true);

    /// <summary>Whoever has one of these is noteworthy.</summary>
    public static bool AreNoteworthy(long mask) => (mask & Ordinary) == 0;

    private static long Flag(string name, bool isSet) => isSet ? 1L << (FlagsStart + Array.IndexOf(Flags, name)) : 0;
}
