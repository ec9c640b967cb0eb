namespace Audit.Actors.Journal;

/// <summary>
/// Marks what is persisted. The serializer is bound to this marker, for the journal's plugin asks for the binding of the
/// event's own type, and one to System.Object would not reach it.
/// </summary>
internal interface IJournalEvent;
