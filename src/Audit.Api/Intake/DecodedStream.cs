using Audit.Api.Answers;

namespace Audit.Api.Intake;

/// <summary>Says of a compressed body in a sentence when it is damaged, and stops one that unpacks to absurd sizes.</summary>
internal sealed class DecodedStream(Stream decoder, CountedStream encoded, string encoding) : ReadOnlyStream
{
    private long bytes;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await DecodeAsync(buffer, cancellationToken);
        bytes += read;
        if (bytes > IntakeLimits.DenseBytes && bytes / IntakeLimits.Density > encoded.Bytes)
        {
            throw new BodyRefusedException(Problem.TooLarge(
                $"After {encoded.Bytes} bytes of {encoding} the body has become {bytes} bytes; more than "
                + $"{IntakeLimits.Density} for one are not accepted."));
        }

        return read;
    }

    protected override void Dispose(bool disposing)
    {
        decoder.Dispose();
        base.Dispose(disposing);
    }

    private async ValueTask<int> DecodeAsync(Memory<byte> buffer, CancellationToken cancellation)
    {
        try
        {
            return await decoder.ReadAsync(buffer, cancellation);
        }
        // The framework's decoders disagree on which of these a damaged body is.
        catch (Exception damage) when (damage is InvalidDataException or InvalidOperationException)
        {
            throw new BodyRefusedException(
                Problem.BadRequest(
                    $"The body is not {encoding}, as its Content-Encoding says: it is damaged or cut within its first "
                    + $"{encoded.Bytes} bytes, after {bytes} bytes of content."),
                damage);
        }
    }
}
