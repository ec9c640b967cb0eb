namespace Audit.Integrity.Verification;

/// <summary>What a note says of the session's own life.</summary>
internal enum SessionTurn : byte
{
    None,
    Begins,
    Ends,
}
