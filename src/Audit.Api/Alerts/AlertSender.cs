using System.Net;
using System.Net.Sockets;
using System.Numerics;
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
    private static readonly TimeSpan AfterStop = TimeSpan.FromSeconds(5);

    private readonly HttpClient open = ClientFor(isPrivate: false), near = ClientFor(isPrivate: true);

    /// <returns>Null when it was taken.</returns>
    public async Task<Rejection?> SendAsync(
        AlertDestination to, string id, byte[] body, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        using var patience = new CancellationTokenSource(to.Timeout);
        // What is on its way has a moment for its answer: without that it would be sent again after the start.
        using var stop = cancellation.UnsafeRegister(
            static source => ((CancellationTokenSource)source!).CancelAfter(AfterStop), patience);
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
                answer.StatusCode == HttpStatusCode.Gone,
                answer.Headers.RetryAfter is not { } asked ? null : asked.Delta ?? asked.Date - clock.GetUtcNow());
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
/// it has, and each there as a whole or not at all. What the files are called is all that is remembered; whether the
/// newest is of this book is seen by its last line. Where it is not, for the book was restored or set back, files of
/// another number go on behind the newest that is: from their first position on they stand in the place of those
/// before them.
/// </summary>
internal sealed class SegmentWriter : IDisposable
{
    private const int MostRows = 10_000;
    private const long MostBytes = 16 << 20;
    private const string Prefix = "events-", Suffix = ".ndjson", Part = ".part", Held = ".events.lock";

    private readonly string directory;
    private readonly TimeProvider clock;
    private readonly TimeSpan longest;
    private readonly FileStream held;
    private string prefix = Prefix;
    private FileStream? file;
    private long first;
    private int rows;
    private DateTimeOffset begun;

    private SegmentWriter(string directory, TimeProvider clock, TimeSpan longest)
    {
        (this.directory, this.clock, this.longest) = (directory, clock, longest);
        OwnerOnly.MakeDirectory(directory);
        OwnerOnly.MakeFile(Path.Combine(directory, Held));
        // Two who write here would each take the other's files for those of another book.
        held = new FileStream(Path.Combine(directory, Held), FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        foreach (var unfinished in Directory.GetFiles(directory, $"{Prefix}*{Part}"))
        {
            File.Delete(unfinished);
        }
    }

    /// <summary>Everything up to here is in a file, or in the one that is being written.</summary>
    public long Position { get; private set; }

    public static async Task<SegmentWriter> OpenAsync(
        string directory, TimeProvider clock, TimeSpan longest, IJournal journal, CancellationToken cancellation)
    {
        var writer = new SegmentWriter(directory, clock, longest);
        try
        {
            await writer.GoBehindAsync(journal, cancellation);
            return writer;
        }
        catch
        {
            writer.Dispose();
            throw;
        }
    }

    public void Add(long position, ReadOnlySpan<byte> line)
    {
        if (file is null)
        {
            (first, rows, begun) = (position, 0, clock.GetUtcNow());
            file = OwnerOnly.Create(Path.Combine(directory, $"{prefix}{first:D20}{Part}"));
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
        OwnerOnly.Move(part, Path.Combine(directory, $"{prefix}{first:D20}-{Position:D20}{Suffix}"));
    }

    public void Dispose()
    {
        using (held)
        {
            file?.Dispose();
        }
    }

    private async Task GoBehindAsync(IJournal journal, CancellationToken cancellation)
    {
        var all = Directory.EnumerateFiles(directory, $"{Prefix}*{Suffix}").Select(Segment.Of).OfType<Segment>()
            .OrderByDescending(one => one.Book).ThenByDescending(one => one.Last).ToList();
        var (book, replaced, isOther) = (all.Count == 0 ? 1 : all[0].Book, long.MaxValue, false);
        foreach (var files in all.GroupBy(one => one.Book))
        {
            foreach (var one in files.Where(one => one.Last < replaced))
            {
                if (await one.IsOfAsync(journal, cancellation))
                {
                    Begin(isOther ? book + 1 : book, one.Last);
                    return;
                }

                isOther = true;
            }

            replaced = Math.Min(replaced, files.Min(one => one.First));
        }

        Begin(isOther ? book + 1 : book, 0);
    }

    private void Begin(int book, long position) =>
        (prefix, Position) = (book == 1 ? Prefix : $"{Prefix}b{book:D4}-", position);

    /// <summary>A file that is whole, as its name says.</summary>
    private sealed record Segment(string Path, int Book, long First, long Last)
    {
        /// <returns>Null for a file of others.</returns>
        public static Segment? Of(string path)
        {
            var parts = System.IO.Path.GetFileName(path)[Prefix.Length..^Suffix.Length].Split('-');
            var book = 1;
            return parts.Length == 2 || (parts is [['b', .. var number], _, _] && TryRead(number, out book))
                ? TryRead(parts[^2], out long first) && TryRead(parts[^1], out long last)
                    ? new Segment(path, book, first, last) : null
                : null;
        }

        /// <summary>Whether the row that its last line was made of lies there still.</summary>
        public async Task<bool> IsOfAsync(IJournal journal, CancellationToken cancellation)
        {
            if (await journal.ReadRowAsync(Last, cancellation) is not { } row)
            {
                // What was removed from the book's beginning is of it.
                return await journal.ReadAfterAsync(0, 1, 1, cancellation) is [var oldest] && oldest.Position > Last;
            }

            try
            {
                var line = JsonElement.Parse(File.ReadLines(Path).Last());
                return line.GetProperty("stream").GetString() == row.PersistenceId
                    && line.GetProperty("sequence").GetInt64() == row.Sequence
                    && line.GetProperty("created").GetDateTime().Ticks == row.CreatedTicks;
            }
            catch (Exception broken) when (broken is JsonException or KeyNotFoundException or FormatException
                or InvalidOperationException)
            {
                return false;
            }
        }

        private static bool TryRead<T>(string text, out T number)
            where T : struct, INumber<T> =>
            T.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }
}

/// <summary>Writes the book on and on into a directory.</summary>
internal sealed class SegmentRun(AlertGround ground, AlertDestination destination) : IAlertRun
{
    private readonly ArrayBufferWriter<byte> line = new(4096);
    private SegmentWriter? segments;
    private bool hasBegun;

    public long? Position => segments?.Position;

    public string? Trouble => null;

    public async Task<bool> StepAsync(CancellationToken cancellation)
    {
        segments ??= await SegmentWriter.OpenAsync(
            destination.Directory!, ground.Clock, ground.Times.Segment, ground.Store.Opened, cancellation);
        try
        {
            return await WriteOnAsync(segments, cancellation);
        }
        catch
        {
            // Half a line may be in it: it is begun anew, after the last one that is whole.
            End();
            throw;
        }
    }

    public ValueTask DisposeAsync()
    {
        End();
        return default;
    }

    private void End()
    {
        var ended = segments;
        segments = null;
        ended?.Dispose();
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
        if (page.Count == 0 && await ground.Store.Opened.LastPositionAsync(cancellation) < to.Position)
        {
            // The book was set back: what it has now is looked at anew.
            End();
        }

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
