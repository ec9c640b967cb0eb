namespace Audit.Integrity.Notes;

/// <summary>Where this node has its log's key, if it has one.</summary>
public interface ILogKeyring
{
    /// <summary>The signer, or null on a node that has none and so never seals.</summary>
    /// <exception cref="LogKeyException">There is a key, and it cannot be used.</exception>
    ILogSigner? Find();

    /// <summary>
    /// Makes a key for a new log and keeps the one before it aside. The one that is there already for this very origin
    /// is taken as it is: a restart that was interrupted goes on where it was.
    /// </summary>
    ILogSigner Create(string origin);
}
