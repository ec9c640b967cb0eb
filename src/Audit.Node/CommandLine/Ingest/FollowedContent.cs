using System.Net;
using System.Net.Http.Headers;

namespace Audit.Node.CommandLine.Ingest;

/// <summary>A request body that is read while it is sent, of a length that nobody knows.</summary>
internal sealed class FollowedContent : HttpContent
{
    private const int PieceLength = 64 << 10;

    private readonly Stream input;
    private readonly Action<long> sent;

    /// <param name="sent">Is told how many bytes have gone.</param>
    public FollowedContent(Stream input, string mediaType, Action<long> sent)
    {
        this.input = input;
        this.sent = sent;
        Headers.ContentType = new MediaTypeHeaderValue(mediaType);
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(
        Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        var piece = new byte[PieceLength];
        var bytes = 0L;
        while (await input.ReadAsync(piece, cancellationToken) is > 0 and var read)
        {
            await stream.WriteAsync(piece.AsMemory(0, read), cancellationToken);
            // What somebody follows goes as it comes.
            await stream.FlushAsync(cancellationToken);
            sent(bytes += read);
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
