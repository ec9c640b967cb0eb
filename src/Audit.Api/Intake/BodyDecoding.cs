using System.IO.Compression;
using System.IO.Pipelines;

namespace Audit.Api.Intake;

/// <summary>The body of a request without its Content-Encoding.</summary>
internal static class BodyDecoding
{
    private const int DecodedSegment = 64 << 10;

    /// <summary>Without it the framework takes a body that is cut for one that ends there.</summary>
    static BodyDecoding() => AppContext.SetSwitch("System.IO.Compression.UseStrictValidation", true);

    /// <returns>Null when the encoding can be read, else the sentence that says what is accepted.</returns>
    public static string? Refuse(HttpRequest request)
    {
        var encoding = request.Headers.ContentEncoding.ToString();
        return encoding.ToLowerInvariant() is "" or "identity" or "gzip" or "x-gzip" or "br"
            ? null
            : $"The Content-Encoding \"{encoding}\" is not accepted; send the body plain, or with gzip or br.";
    }

    public static PipeReader Open(HttpRequest request)
    {
        var encoding = request.Headers.ContentEncoding.ToString().ToLowerInvariant();
        if (encoding is "" or "identity")
        {
            return request.BodyReader;
        }

        var encoded = new CountedStream(request.Body);
        Stream decoder = encoding == "br"
            ? new BrotliStream(encoded, CompressionMode.Decompress)
            : new GZipStream(encoded, CompressionMode.Decompress);
        return PipeReader.Create(
            new DecodedStream(decoder, encoded, encoding),
            new StreamPipeReaderOptions(bufferSize: DecodedSegment, minimumReadSize: DecodedSegment / 4));
    }

    /// <summary>Frees the decoder; a body that was not read to its end is the server's to deal with.</summary>
    public static ValueTask CloseAsync(HttpRequest request, PipeReader reader) =>
        ReferenceEquals(reader, request.BodyReader) ? default : reader.CompleteAsync();
}

/// <summary>
/// Says of a compressed body in a sentence when it is damaged, and stops one that unpacks to absurd sizes.
/// </summary>
internal sealed class DecodedStream(Stream decoder, CountedStream encoded, string encoding) : ReadOnlyStream
{
    private long bytes;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await DecodeAsync(buffer, cancellationToken);
        bytes += read;
        if (bytes > IntakeLimits.DenseBytes && bytes / IntakeLimits.Density > encoded.Bytes)
        {
            throw new RefusedException(Problem.TooLarge(
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
            throw new RefusedException(
                Problem.BadRequest(
                    $"The body is not {encoding}, as its Content-Encoding says: it is damaged or cut within its first "
                    + $"{encoded.Bytes} bytes, after {bytes} bytes of content."),
                damage);
        }
    }
}

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

/// <summary>A stream that is read forward, asynchronously, and nothing else.</summary>
internal abstract class ReadOnlyStream : Stream
{
    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }
}
