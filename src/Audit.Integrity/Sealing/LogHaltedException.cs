namespace Audit.Integrity.Sealing;

/// <summary>Signing on would contradict what was signed, or what was sealed is not there any more.</summary>
internal sealed class LogHaltedException(string reason, long? position = null) : Exception(reason)
{
    public long? Position { get; } = position;
}
