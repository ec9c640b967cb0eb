namespace Audit.Journal.Events;

/// <summary>What the events of one submission say beside the law's own facts.</summary>
/// <param name="Record">The record's bytes as sent; empty for what was too large to be kept.</param>
public readonly record struct CallContext(
    string SessionId, string ToolCallId, string? Agent, CallMessage Message, ReadOnlyMemory<byte> Record);
