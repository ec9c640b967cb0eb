namespace Audit.Journal;

/// <summary>
/// The journal could not be reached or did not answer. Whether an append that ends so was committed is not known:
/// the writer must give up its handles and read the streams again.
/// </summary>
public sealed class JournalUnavailableException(string message, Exception? inner = null) : Exception(message, inner);
