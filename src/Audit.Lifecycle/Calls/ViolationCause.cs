namespace Audit.Lifecycle.Calls;

/// <summary>Why a message does not move its call.</summary>
public enum ViolationCause : byte
{
    None,

    /// <summary>The table has no way from the state to the message.</summary>
    NotAllowed,

    /// <summary>The call was refused and nothing has lifted the refusal.</summary>
    StandingRefusal,

    /// <summary>A settled call is asked for again, and not in a later turn.</summary>
    NotALaterTurn,

    /// <summary>Another tool than the one that the call began with.</summary>
    IdentityMismatch,

    /// <summary>A message_id that another record has already.</summary>
    MessageIdReused,
}
