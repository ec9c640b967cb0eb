namespace Audit.Pages.Overview;

/// <summary>How far the journal is, and how far behind it what is derived from it.</summary>
public sealed record NodeHealth(
    long Journal, long ReadModels, string ReadState, TimeSpan ReadLag, string? ReadSentence, long Sealed, string SealState, string? SealReason)
{
    public bool IsWell => ReadState != "halted" && SealState is ("sealing" or "standby");
}
