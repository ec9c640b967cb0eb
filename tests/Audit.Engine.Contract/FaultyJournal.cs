namespace Audit.Engine.Contract;

/// <summary>A journal that fails on demand: before it writes, or after, when the writer cannot know.</summary>
public class FaultyJournal(IJournal inner, Func<Fault> next) : RelayedJournal(inner)
{
    private readonly Lock gate = new();

    /// <summary>Asked before each append; the answer says how that one goes.</summary>
    public Func<Fault> Next { get; } = next;

    public override async Task AppendAsync(
        IReadOnlyList<RowToAppend> rows, Memory<long> positions, CancellationToken cancellation)
    {
        Fault fault;
        lock (gate)
        {
            fault = Next();
        }

        if (fault == Fault.BeforeWriting)
        {
            throw new JournalUnavailableException("The connection broke before the write.");
        }

        await Inner.AppendAsync(rows, positions, cancellation);
        if (fault == Fault.AfterWriting)
        {
            throw new JournalUnavailableException("The connection broke after the write.");
        }
    }
}
