namespace Audit.Integrity.Notes;

/// <summary>
/// Signs for one log. The private key may be anywhere: in a file, in a key service, in a device that gives it to
/// nobody.
/// </summary>
public interface ILogSigner
{
    /// <summary>The public half; its name is the log's origin.</summary>
    VerifierKey Key { get; }

    /// <summary>The 64 bytes of the Ed25519 signature over the message.</summary>
    Task<byte[]> SignAsync(ReadOnlyMemory<byte> message, CancellationToken cancellation);
}

/// <summary>Where this node has its log's keys, if it has any.</summary>
public interface ILogKeyring
{
    /// <summary>The signer that a log was begun with; null on a node that has none and so never seals.</summary>
    /// <exception cref="LogKeyException">There is a key, and it cannot be used.</exception>
    ILogSigner? Find();

    /// <summary>The signer of one key of a log; null where this node does not have it.</summary>
    /// <exception cref="LogKeyException">There is a key, and it cannot be used.</exception>
    ILogSigner? Find(VerifierKey key);

    /// <summary>
    /// Makes a key for a new log and keeps the one before it aside. The one that is there already for this very origin
    /// is taken as it is: a restart that was interrupted goes on where it was.
    /// </summary>
    /// <param name="origin">Null where any will do.</param>
    /// <param name="begin">What is done with a new key before it is kept.</param>
    Task<ILogSigner> CreateAsync(string? origin, Func<ILogSigner, Task>? begin = null);

    /// <summary>A key that can take the place of another: the same one until it is kept.</summary>
    ILogSigner Next(VerifierKey old);

    /// <summary>Puts a key in the place of the one before, which is kept aside.</summary>
    void Keep(ILogSigner next);
}

/// <summary>The log's key cannot be used; the message is a sentence for the person who keeps it.</summary>
public sealed class LogKeyException(string message, Exception? inner = null) : Exception(message, inner);
