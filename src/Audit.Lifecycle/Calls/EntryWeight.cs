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
