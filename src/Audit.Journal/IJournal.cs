namespace Audit.Journal;

/// <summary>
/// The book: an append-only sequence of events, each in a stream. Positions ascend in the order of commits; they may
/// have gaps, but a gap never fills later, so a reader at a position has seen everything up to it.
/// </summary>
public interface IJournal : IAsyncDisposable
{
    /// <summary>
    /// Writes the rows in one durable transaction. Under the journal's lock each stream is written only if its last
    /// sequence number is the expected one, whole or not at all; the handles of the others are lost.
    /// </summary>
    /// <param name="rows">
    /// Rows of lost handles are skipped. Their messages are not read after the append has succeeded.
    /// </param>
    /// <param name="positions">Receives each row's position, 0 for a row that was not written.</param>
    /// <exception cref="JournalUnavailableException">
    /// Nothing is known of any row. Rows, messages and positions may be in use still, and must be left alone.
    /// </exception>
    Task AppendAsync(IReadOnlyList<RowToAppend> rows, Memory<long> positions, CancellationToken cancellation);

    /// <summary>Reads whole streams, all in one go, each in order of sequence number.</summary>
    /// <returns>The rows of the streams in the order asked; an unknown stream has none.</returns>
    Task<IReadOnlyList<IReadOnlyList<JournalRow>>> ReadStreamsAsync(
        IReadOnlyList<StreamKey> streams, CancellationToken cancellation);

    /// <summary>Reads a stream after a sequence number.</summary>
    Task<IReadOnlyList<JournalRow>> ReadStreamAsync(
        StreamKey stream, long afterSequence, int limit, CancellationToken cancellation);

    /// <summary>Finds where events lie, all in one go: what somebody else wrote has its position from here.</summary>
    /// <returns>A position for each place, 0 where no event is.</returns>
    Task<long[]> ReadPositionsAsync(IReadOnlyList<StreamPlace> places, CancellationToken cancellation);

    /// <summary>
    /// Reads all streams after a position, in order; stops at <paramref name="limit"/> rows or soon after
    /// <paramref name="byteLimit"/> bytes of messages, never before one row.
    /// </summary>
    Task<IReadOnlyList<JournalRow>> ReadAfterAsync(
        long position, int limit, long byteLimit, CancellationToken cancellation);

    /// <summary>Reads all streams before a position, newest first.</summary>
    Task<IReadOnlyList<JournalRow>> ReadBeforeAsync(
        long position, int limit, long byteLimit, CancellationToken cancellation);

    Task<JournalRow?> ReadRowAsync(long position, CancellationToken cancellation);

    /// <summary>Whether a row that was at this position was cut, by an event that says so.</summary>
    Task<bool> IsCutAsync(long position, CancellationToken cancellation);

    /// <summary>The last committed position, 0 when the journal is empty.</summary>
    Task<long> LastPositionAsync(CancellationToken cancellation);

    /// <summary>
    /// Commits something that is no event, as an append would be committed: whoever gets through could write now.
    /// </summary>
    /// <exception cref="JournalUnavailableException">Nothing can be written; it says why.</exception>
    Task TryCommitAsync(CancellationToken cancellation);

    /// <summary>
    /// Waits until there may be rows after a position, whoever wrote them; returns the last position known.
    /// </summary>
    Task<long> WaitForMoreAsync(long position, CancellationToken cancellation);
}

/// <summary>
/// The journal could not be reached or did not answer. Whether an append that ends so was committed is not known:
/// the writer must give up its handles and read the streams again.
/// </summary>
public class JournalUnavailableException(
    string message, Exception? inner = null, JournalTrouble trouble = JournalTrouble.Away) : Exception(message, inner)
{
    public JournalTrouble Trouble { get; } = trouble;
}

/// <summary>
/// The journal is not the one that somebody remembers, so nothing is taken; the message says what helps.
/// </summary>
public sealed class JournalSetBackException(string message)
    : JournalUnavailableException(message, null, JournalTrouble.SetBack);

/// <summary>Why a journal does not do what it is asked, for whoever has to mend it.</summary>
public enum JournalTrouble
{
    /// <summary>It does not answer, or nobody knows why it fails.</summary>
    Away,

    /// <summary>Somebody holds what a writer needs.</summary>
    Locked,

    /// <summary>It was asked and goes on without a word.</summary>
    Stalled,

    DiskFull,

    ReadOnly,

    /// <summary>What lies in it cannot be read.</summary>
    Damaged,

    SetBack,
}
