using System.Buffers;
using System.Net;
using System.Net.Http.Headers;

namespace Audit.Node.CommandLine.Ingest;

/// <summary>A request body that lies in many pieces of memory and is sent without being copied together.</summary>
internal sealed class SequenceContent : HttpContent
{
    private readonly ReadOnlySequence<byte> bytes;

    public SequenceContent(ReadOnlySequence<byte> bytes, string mediaType)
    {
        this.bytes = bytes;
        Headers.ContentType = new MediaTypeHeaderValue(mediaType);
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(
        Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        foreach (var piece in bytes)
        {
            await stream.WriteAsync(piece, cancellationToken);
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = bytes.Length;
        return true;
    }
}
