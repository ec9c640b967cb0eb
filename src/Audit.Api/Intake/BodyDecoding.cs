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
