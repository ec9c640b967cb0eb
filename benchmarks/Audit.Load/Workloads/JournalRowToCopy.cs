namespace Audit.Load.Workloads;

/// <summary>A row as the engine writes it, for a floor to insert by hand.</summary>
internal readonly record struct JournalRowToCopy(
    string PersistenceId, byte[] PersistenceIdUtf8, long Sequence, string Manifest, byte[] Message);
