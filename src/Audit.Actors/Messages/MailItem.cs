namespace Audit.Actors.Messages;

/// <summary>
/// A submission as it travels between nodes: one flat type for all kinds, of numbers, texts and octets only. What a kind does
/// not use stays empty. Times are ticks and nanoseconds, with ticks of -1 for none.
/// </summary>
public sealed class MailItem : ICrossesTheWire
{
    public byte Kind { get; set; }

    /// <summary>The session's id or the window's.</summary>
    public string Id { get; set; } = "";

    public string? CallId { get; set; }

    public string? Agent { get; set; }

    public string? TaskId { get; set; }

    public string Host { get; set; } = "";

    public string? MessageId { get; set; }

    /// <summary>The kind of the message, or the verb.</summary>
    public byte Message { get; set; }

    /// <summary>The note's type, or the act.</summary>
    public string? Name { get; set; }

    /// <summary>The record, the detail or the body as it was sent.</summary>
    public byte[] Body { get; set; } = [];

    public bool Success { get; set; }

    public bool NeedsConfirmation { get; set; }

    public bool MadeByNode { get; set; }

    public bool Derived { get; set; }

    public bool TimeInferred { get; set; }

    public bool Truncated { get; set; }

    public bool HasSeq { get; set; }

    public long Seq { get; set; }

    public long Turn { get; set; }

    public long OversizedBytes { get; set; }

    public string? ToolName { get; set; }

    public string? Provider { get; set; }

    public long AtTicks { get; set; } = -1;

    public byte AtNanos { get; set; }

    public long ReceivedTicks { get; set; } = -1;

    public byte ReceivedNanos { get; set; }

    public byte[] Dedup { get; set; } = [];

    public byte[] Input { get; set; } = [];

    public byte[] Result { get; set; } = [];

    public string? OnBehalfOf { get; set; }

    public string? Reason { get; set; }

    public long ClosesTicks { get; set; } = -1;

    public byte ClosesNanos { get; set; }

    public bool HasTerms { get; set; }

    public string[] Scope { get; set; } = [];

    public string? TermsReason { get; set; }

    public long TermsOpensTicks { get; set; } = -1;

    public byte TermsOpensNanos { get; set; }

    public long TermsClosesTicks { get; set; } = -1;

    public byte TermsClosesNanos { get; set; }

    public long DurationTicks { get; set; } = -1;
}
