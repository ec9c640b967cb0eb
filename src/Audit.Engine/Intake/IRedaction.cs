namespace Audit.Engine.Intake;

/// <summary>
/// The one place where something may be taken out of an item before anything of it is read, hashed or written.
/// </summary>
public interface IRedaction
{
    /// <param name="item">One JSON text, not yet known to be valid.</param>
    /// <returns>The item itself where nothing is to be taken out.</returns>
    ReadOnlyMemory<byte> Redact(ReadOnlyMemory<byte> item);
}
