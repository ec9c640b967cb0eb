namespace Audit.Actors.Journal;

/// <summary>An event on its way into the journal or out of it: its bytes are made and read by Audit.Journal alone.</summary>
internal sealed record JournalEvent(string Manifest, byte[] Message) : IJournalEvent;
