namespace Audit.Integrity.Notes;

/// <summary>
/// Signs for one log. The private key may be anywhere: in a file, in a key service, in a device that gives it to nobody.
/// </summary>
public interface ILogSigner
{
    /// <summary>The public half; its name is the log's origin.</summary>
    VerifierKey Key { get; }

    /// <summary>The 64 bytes of the Ed25519 signature over the message.</summary>
    Task<byte[]> SignAsync(ReadOnlyMemory<byte> message, CancellationToken cancellation);
}
