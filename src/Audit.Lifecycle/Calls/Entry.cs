namespace Audit.Lifecycle.Calls;

/// <summary>A message in its place of arrival, linked to the one before: appending shares all that is older.</summary>
public sealed record Entry(Entry? Earlier, long Sequence, CallMessage Message, EntryWeight Weight)
{
    /// <summary>Two sources told this message differently.</summary>
    public bool SourcesDiffer { get; init; }

    public static Verdict UnjudgedVerdict(EntryWeight weight, CallMessage message, in Standing standing) => weight switch
    {
        EntryWeight.MessageIdReused =>
            Stay(standing, CallLaw.AnomaliesOfMessage(message), ViolationCause.MessageIdReused),
        EntryWeight.Oversized =>
            Stay(standing, Anomalies.Oversized, ViolationCause.None),
        _ => throw new ArgumentOutOfRangeException(nameof(weight), weight, "A judged message has a verdict of its own."),
    };

    private static Verdict Stay(in Standing standing, Anomalies anomalies, ViolationCause cause) =>
        new(standing.State, standing.State, standing.Attempt, anomalies, cause);
}
