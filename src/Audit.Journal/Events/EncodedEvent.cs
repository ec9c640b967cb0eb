namespace Audit.Journal.Events;

/// <summary>An event as it goes into a row.</summary>
public readonly record struct EncodedEvent(string Manifest, ReadOnlyMemory<byte> Message);

/// <summary>What the events of one submission say beside the law's own facts.</summary>
/// <param name="Record">The record's bytes as sent, but for what was redacted; empty for what was too large to be
/// kept.</param>
/// <param name="Redacted">What was taken out of the record; null where nothing was.</param>
public readonly record struct CallContext(
    SessionName Session, string ToolCallId, string? Agent, CallMessage Message, ReadOnlyMemory<byte> Record,
    RedactionMark? Redacted = null);
