namespace Audit.Lifecycle.Calls;

/// <summary>Whether a message counts when its call is judged.</summary>
public enum EntryWeight : byte
{
    Judged,

    /// <summary>Kept as a violation whatever the history says: its message_id belongs to another record.</summary>
    MessageIdReused,

    /// <summary>Kept as evidence only: it was too large to be read.</summary>
    Oversized,
}

/// <summary>A message in its place of arrival, linked to the one before: appending shares all that is older.</summary>
public sealed record Entry(Entry? Earlier, long Sequence, CallMessage Message, EntryWeight Weight)
{
    /// <summary>Two sources reported this message differently.</summary>
    public bool SourcesDiffer { get; init; }

    public static Verdict UnjudgedVerdict(EntryWeight weight, CallMessage message, in Standing standing) =>
        weight switch
    {
        EntryWeight.MessageIdReused =>
            Stay(standing, CallLaw.AnomaliesOfMessage(message), ViolationCause.MessageIdReused),
        EntryWeight.Oversized =>
            Stay(standing, Anomalies.Oversized, ViolationCause.None),
        _ => throw new ArgumentOutOfRangeException(nameof(weight), weight,
            "A judged message has a verdict of its own."),
    };

    private static Verdict Stay(in Standing standing, Anomalies anomalies, ViolationCause cause) =>
        new(standing.State, standing.State, standing.Attempt, anomalies, cause);
}
