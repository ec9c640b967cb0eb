namespace Audit.Journal.Events;

/// <summary>An event as it goes into a row.</summary>
public readonly record struct EncodedEvent(string Manifest, ReadOnlyMemory<byte> Message);
