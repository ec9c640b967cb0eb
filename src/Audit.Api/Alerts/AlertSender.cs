using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Audit.Api.Diary;
using Audit.Api.Reading;

namespace Audit.Api.Alerts;

/// <summary>
/// Posts alerts as Standard Webhooks has it. It follows nobody elsewhere, goes over no proxy, and connects to addresses
/// of the network around it only where the operator's file says so: it looks at the address that a name has when it
/// connects, so that a name which changes leads nowhere.
/// </summary>
internal sealed class AlertSender(TimeProvider clock) : IDisposable
{
    private readonly HttpClient open = ClientFor(isPrivate: false), near = ClientFor(isPrivate: true);

    /// <returns>Null when it was taken.</returns>
    public async Task<Rejection?> SendAsync(
        AlertDestination to, string id, byte[] body, CancellationToken cancellation)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(to.Timeout);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, to.Url);
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.ContentType = new("application/json");
            var time = clock.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
            request.Headers.Add("webhook-id", id);
            request.Headers.Add("webhook-timestamp", time);
            request.Headers.Add("webhook-signature", SignaturesOf(to, id, time, body));
            using var answer = await (to.IsPrivate ? near : open).SendAsync(
                request, HttpCompletionOption.ResponseHeadersRead, patience.Token);
            return answer.IsSuccessStatusCode ? null : new Rejection(
                $"the receiver answered {(int)answer.StatusCode}",
                answer.StatusCode == HttpStatusCode.Gone, answer.Headers.RetryAfter?.Delta);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return new Rejection($"no answer within {to.Timeout.TotalSeconds:0} s");
        }
        catch (Exception failure) when (failure
            is HttpRequestException or IOException or InvalidDataException or UnauthorizedAccessException)
        {
            return new Rejection(failure.Message);
        }
    }

    public void Dispose()
    {
        open.Dispose();
        near.Dispose();
    }

    /// <summary>Whether an address is one of the internet, and not of this machine or of a network around it.</summary>
    public static bool IsPublic(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
        {
            return IsPublic(address.MapToIPv4());
        }

        var bytes = address.GetAddressBytes();
        if (address.AddressFamily == AddressFamily.InterNetwork)
        {
            return bytes switch
            {
                [0 or 10 or 127 or >= 224, ..] => false,
                [100, >= 64 and < 128, ..] or [169, 254, ..] or [172, >= 16 and < 32, ..] => false,
                [192, 0, 0 or 2, _] or [192, 168, ..] or [198, 18 or 19, ..] => false,
                [198, 51, 100, _] or [203, 0, 113, _] => false,
                _ => true,
            };
        }

        // Of all there is only 2000::/3 is given out; of it not what carries an IPv4 address or is for documents.
        return (bytes[0] & 0xE0) == 0x20 && bytes is not ([0x20, 0x02, ..] or [0x20, 0x01, 0, 0, ..]
            or [0x20, 0x01, 0x0D, 0xB8, ..]);
    }

    private static string SignaturesOf(AlertDestination to, string id, string time, byte[] body)
    {
        byte[] signed = [.. Encoding.UTF8.GetBytes($"{id}.{time}."), .. body];
        return string.Join(' ', AlertPlan.ReadSecrets(to.SecretFile!).Select(secret =>
            $"v1,{Convert.ToBase64String(HMACSHA256.HashData(secret, signed))}"));
    }

    private static HttpClient ClientFor(bool isPrivate) => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        ConnectTimeout = TimeSpan.FromSeconds(10),
        PooledConnectionLifetime = TimeSpan.FromMinutes(2),
        ConnectCallback = (context, cancellation) => ConnectAsync(context.DnsEndPoint, isPrivate, cancellation),
    })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    private static async ValueTask<Stream> ConnectAsync(
        DnsEndPoint to, bool isPrivate, CancellationToken cancellation)
    {
        var addresses = await Dns.GetHostAddressesAsync(to.Host, cancellation);
        var allowed = Array.FindAll(addresses, address => isPrivate || IsPublic(address));
        if (allowed.Length == 0)
        {
            throw new IOException(
                $"{to.Host} is an address of this machine or of a network around it; the destination may say "
                + "\"private\": true.");
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, to.Port, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}

/// <summary>Why an alert was not taken.</summary>
/// <param name="IsFinal">The receiver wants no more of it.</param>
/// <param name="After">When the receiver wants to be asked again.</param>
internal sealed record Rejection(string Sentence, bool IsFinal = false, TimeSpan? After = null);

/// <summary>
/// Writes the book on and on into a directory: files of lines, each named by the first position and the last one that
/// it has, and each there as a whole or not at all. What the files are called is all that is remembered.
/// </summary>
internal sealed class SegmentWriter : IDisposable
{
    private const int MostRows = 10_000;
    private const long MostBytes = 16 << 20;
    private const string Prefix = "events-", Suffix = ".ndjson", Part = ".part";

    private readonly string directory;
    private readonly TimeProvider clock;
    private readonly TimeSpan longest;
    private FileStream? file;
    private long first;
    private int rows;
    private DateTimeOffset begun;

    public SegmentWriter(string directory, TimeProvider clock, TimeSpan longest)
    {
        (this.directory, this.clock, this.longest) = (directory, clock, longest);
        OwnerOnly.MakeDirectory(directory);
        foreach (var unfinished in Directory.GetFiles(directory, $"{Prefix}*{Part}"))
        {
            File.Delete(unfinished);
        }

        Position = Directory.EnumerateFiles(directory, $"{Prefix}*{Suffix}").Select(LastOf).DefaultIfEmpty(0).Max();
    }

    /// <summary>Everything up to here is in a file, or in the one that is being written.</summary>
    public long Position { get; private set; }

    public void Add(long position, ReadOnlySpan<byte> line)
    {
        if (file is null)
        {
            (first, rows, begun) = (position, 0, clock.GetUtcNow());
            file = OwnerOnly.Create(Path.Combine(directory, $"{Prefix}{first:D20}{Part}"));
        }

        file.Write(line);
        file.WriteByte((byte)'\n');
        rows++;
        Position = position;
    }

    /// <summary>Gives the file its name once it is large or old enough.</summary>
    public void FinishIfDue()
    {
        if (file is null || (rows < MostRows && file.Length < MostBytes && clock.GetUtcNow() - begun < longest))
        {
            return;
        }

        var part = file.Name;
        file.Flush(flushToDisk: true);
        file.Dispose();
        file = null;
        OwnerOnly.Move(part, Path.Combine(directory, $"{Prefix}{first:D20}-{Position:D20}{Suffix}"));
    }

    public void Dispose() => file?.Dispose();

    private static long LastOf(string path)
    {
        var name = Path.GetFileNameWithoutExtension(path);
        return long.TryParse(
            name[(name.LastIndexOf('-') + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var last)
            ? last
            : 0;
    }
}

/// <summary>Writes the book on and on into a directory.</summary>
internal sealed class SegmentRun(AlertGround ground, AlertDestination destination) : IAlertRun
{
    private readonly ArrayBufferWriter<byte> line = new(4096);
    private SegmentWriter? segments;
    private bool hasBegun;

    public async Task<bool> StepAsync(CancellationToken cancellation)
    {
        segments ??= new SegmentWriter(destination.Directory!, ground.Clock, ground.Times.Segment);
        try
        {
            return await WriteOnAsync(segments, cancellation);
        }
        catch
        {
            // Half a line may be in it: it is begun anew, after the last one that is whole.
            var broken = segments;
            segments = null;
            broken.Dispose();
            throw;
        }
    }

    public ValueTask DisposeAsync()
    {
        segments?.Dispose();
        return default;
    }

    private async Task<bool> WriteOnAsync(SegmentWriter to, CancellationToken cancellation)
    {
        if (!hasBegun)
        {
            await ground.Acts.WriteAsync("export.continued", OperatorActs.Node, json =>
            {
                json.WriteString("to", destination.Directory);
                json.WriteNumber("after", to.Position);
                json.WriteBoolean("content", destination.WithContent);
            });
            hasBegun = true;
        }

        var page = await ground.Store.Opened.ReadAfterAsync(
            to.Position, ReadLimits.PageRows, ReadLimits.PageBytes, cancellation);
        foreach (var row in page)
        {
            // Sealed, an erasure reaches also what lies there.
            Write(destination.WithContent ? row : row with { Message = row.Stored ?? row.Message }, to);
            to.FinishIfDue();
        }

        to.FinishIfDue();
        return page.Count > 0;
    }

    private void Write(JournalRow row, SegmentWriter to)
    {
        line.ResetWrittenCount();
        using (var json = new Utf8JsonWriter(line, Reply.Options))
        {
            RowWriter.Write(json, new SeenRow(row), ReadScope.All, inOneLine: true);
        }

        to.Add(row.Position, line.WrittenSpan);
    }
}
