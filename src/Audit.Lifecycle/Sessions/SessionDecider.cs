using Audit.Lifecycle.Calls;
using Audit.Lifecycle.Hashing;
using Audit.Lifecycle.Time;
using System.Collections.Immutable;

namespace Audit.Lifecycle.Sessions;

/// <param name="Note">The note to write as the next event of the stream; null when nothing is written.</param>
public sealed record SessionDecision(
    MessageOutcome Outcome, SessionHistory After, SessionNote? Note, long Sequence, string? Error = null);

/// <summary>The notes of a session, as far as a repeated delivery must be known again.</summary>
public sealed record SessionHistory
{
    public static readonly SessionHistory Empty = new();

    public long Sequence { get; init; }

    public ImmutableDictionary<Fingerprint, long> ByRecord { get; init; } =
        ImmutableDictionary<Fingerprint, long>.Empty;

    public ImmutableDictionary<string, (long Sequence, Fingerprint Dedup)> ByMessageId { get; init; } =
        ImmutableDictionary<string, (long Sequence, Fingerprint Dedup)>.Empty;

    /// <summary>What an adapter derived, by the id that it gave and what the note says.</summary>
    public ImmutableDictionary<(string Id, Fingerprint Dedup), long> ByDerivedId { get; init; } =
        ImmutableDictionary<(string Id, Fingerprint Dedup), long>.Empty;
}

/// <summary>Notes have no law but that each is written once.</summary>
public static class SessionDecider
{
    /// <summary>How many notes one session may write.</summary>
    public const int NoteLimit = 10_000;

    public static SessionDecision Decide(SessionHistory session, SessionNote note)
    {
        if (Known(session, note) is { } first)
        {
            return new SessionDecision(MessageOutcome.Duplicate, session, null, first);
        }

        if (note.MessageId is not null && session.ByMessageId.ContainsKey(note.MessageId))
        {
            return Refuse(session, $"the message_id \"{note.MessageId}\" belongs to another note of this session");
        }

        return session.Sequence >= NoteLimit
            ? Refuse(session, $"this session holds {NoteLimit} notes already")
            : new SessionDecision(MessageOutcome.Recorded, Evolve(session, note), note, session.Sequence + 1);
    }

    public static SessionHistory Evolve(SessionHistory session, SessionNote note) => session with
    {
        Sequence = session.Sequence + 1,
        // The same note may stand under several message_ids; a repetition without one is answered with the first.
        ByRecord = session.ByRecord.ContainsKey(note.Dedup)
            ? session.ByRecord
            : session.ByRecord.Add(note.Dedup, session.Sequence + 1),
        ByMessageId = note.MessageId is null
            ? session.ByMessageId
            : session.ByMessageId.SetItem(note.MessageId, (session.Sequence + 1, note.Dedup)),
        ByDerivedId = note.DerivedId is null
            ? session.ByDerivedId
            : session.ByDerivedId.SetItem((note.DerivedId, note.Dedup), session.Sequence + 1),
    };

    private static long? Known(SessionHistory session, SessionNote note)
    {
        if (note.DerivedId is not null)
        {
            return session.ByDerivedId.TryGetValue((note.DerivedId, note.Dedup), out var derived) ? derived : null;
        }

        if (note.MessageId is null)
        {
            return session.ByRecord.TryGetValue(note.Dedup, out var sequence) ? sequence : null;
        }

        return session.ByMessageId.TryGetValue(note.MessageId, out var known) && known.Dedup == note.Dedup
            ? known.Sequence
            : null;
    }

    private static SessionDecision Refuse(SessionHistory session, string error) =>
        new(MessageOutcome.Refused, session, null, session.Sequence, error);
}

/// <summary>What a host says of a session that concerns no single call.</summary>
public sealed record SessionNote(
    string Type, Timestamp At, Timestamp ReceivedAt, string Token, Fingerprint Dedup, long? Seq = null,
    string? MessageId = null, bool Derived = false, bool TimeInferred = false, string? DerivedId = null)
{
    public static SessionNote Of(string type, Timestamp at, in Delivery delivery) => new(
        type, at, delivery.ReceivedAt, delivery.Token, delivery.Dedup, delivery.Seq, delivery.MessageId,
        delivery.Derived, delivery.TimeInferred, delivery.DerivedId);
}

/// <summary>What a note says of the session's own life.</summary>
public enum SessionTurn : byte
{
    None,
    Begins,
    Ends,
}

/// <summary>
/// Which notes count as the end of a session: the types `ended`, `session_ended` and `session.ended`, and nothing else.
/// A later `started` or `resumed` (with the same prefixes) takes it up again: its calls are then open as those of any
/// live session.
/// </summary>
public static class SessionTurns
{
    public static SessionTurn Of(ReadOnlySpan<byte> type)
    {
        var word = type.StartsWith("session_"u8) || type.StartsWith("session."u8) ? type["session_".Length..] : type;
        if (word.SequenceEqual("ended"u8))
        {
            return SessionTurn.Ends;
        }

        return word.SequenceEqual("started"u8) || word.SequenceEqual("resumed"u8)
            ? SessionTurn.Begins
            : SessionTurn.None;
    }
}
