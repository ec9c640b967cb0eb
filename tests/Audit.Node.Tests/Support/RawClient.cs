using System.Net.Sockets;
using System.Text;

namespace Audit.Node.Tests.Support;

/// <summary>A client that speaks HTTP by hand, to read and write in whatever order it likes.</summary>
internal sealed class RawClient : IDisposable
{
    private readonly TcpClient tcp = new();
    private NetworkStream stream = null!;

    public static async Task<RawClient> ConnectAsync(Uri url)
    {
        var client = new RawClient();
        await client.tcp.ConnectAsync(url.Host, url.Port);
        client.stream = client.tcp.GetStream();
        return client;
    }

    /// <summary>Begins to send lines in chunks.</summary>
    public static async Task<RawClient> StreamAsync(TestNode node, string? token = null)
    {
        var client = await ConnectAsync(node.Url);
        await client.BeginAsync(token ?? node.AdminToken, "Transfer-Encoding: chunked\r\n");
        return client;
    }

    public Task BeginAsync(string token, string headers) => SendAsync(
        $"POST /v1/records HTTP/1.1\r\nHost: node\r\nAuthorization: Bearer {token}\r\nContent-Type: application/x-ndjson\r\n{headers}\r\n");

    public Task SendAsync(string text) => SendAsync(Encoding.UTF8.GetBytes(text));

    public async Task SendAsync(ReadOnlyMemory<byte> bytes) => await stream.WriteAsync(bytes);

    public Task SendChunkAsync(string text) => SendAsync($"{Encoding.UTF8.GetByteCount(text):x}\r\n{text}\r\n");

    public Task EndChunksAsync() => SendAsync("0\r\n\r\n");

    /// <summary>Reads until the text has come, and returns all that came.</summary>
    public async Task<string> ReadUntilAsync(string text)
    {
        var read = new StringBuilder();
        var buffer = new byte[64 << 10];
        while (!read.ToString().Contains(text, StringComparison.Ordinal))
        {
            var length = await stream.ReadAsync(buffer);
            if (length == 0)
            {
                throw new EndOfStreamException($"The node ended the answer before \"{text}\" came: {read}");
            }

            read.Append(Encoding.UTF8.GetString(buffer, 0, length));
        }

        return read.ToString();
    }

    /// <summary>Reads to the end of the answer and counts its bytes and receipts.</summary>
    public async Task<(long Bytes, long Receipts)> CountToEndAsync()
    {
        var buffer = new byte[64 << 10];
        var (bytes, receipts) = (0L, 0L);
        var tail = "";
        while (!tail.EndsWith("\r\n0\r\n\r\n", StringComparison.Ordinal))
        {
            var length = await stream.ReadAsync(buffer);
            if (length == 0)
            {
                throw new EndOfStreamException("The answer was cut.");
            }

            bytes += length;
            // Where the chunks of the answer are parted says nothing; each of these receipts has one closing brace.
            receipts += buffer.AsSpan(0, length).Count((byte)'}');
            var text = tail + Encoding.ASCII.GetString(buffer, 0, length);
            tail = text[^Math.Min(16, text.Length)..];
        }

        return (bytes, receipts);
    }

    /// <summary>Goes away as a host that is killed does.</summary>
    public void Dispose()
    {
        if (tcp.Client is not null)
        {
            tcp.LingerState = new LingerOption(true, 0);
            tcp.Dispose();
        }
    }
}
