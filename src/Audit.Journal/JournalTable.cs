namespace Audit.Journal;

/// <summary>What is fixed about the journal's rows, whichever engine writes them.</summary>
public static class JournalTable
{
    public const int SerializerId = 7401;
}
