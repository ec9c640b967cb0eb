namespace Audit.Api.Intake;

/// <summary>Counts the bytes that are read of a body.</summary>
internal sealed class CountedStream(Stream body) : ReadOnlyStream
{
    public long Bytes { get; private set; }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await body.ReadAsync(buffer, cancellationToken);
        Bytes += read;
        return read;
    }
}
