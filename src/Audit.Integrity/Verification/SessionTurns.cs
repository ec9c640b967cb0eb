namespace Audit.Integrity.Verification;

/// <summary>
/// Which notes count as the end of a session: the types `ended`, `session_ended` and `session.ended`, and nothing else. A later
/// `started` or `resumed` (with the same prefixes) takes it up again: its calls are then open as those of any live session.
/// </summary>
internal static class SessionTurns
{
    public static SessionTurn Of(ReadOnlySpan<byte> type)
    {
        var word = type.StartsWith("session_"u8) || type.StartsWith("session."u8) ? type["session_".Length..] : type;
        if (word.SequenceEqual("ended"u8))
        {
            return SessionTurn.Ends;
        }

        return word.SequenceEqual("started"u8) || word.SequenceEqual("resumed"u8) ? SessionTurn.Begins : SessionTurn.None;
    }
}
