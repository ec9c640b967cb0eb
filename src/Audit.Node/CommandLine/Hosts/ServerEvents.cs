using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace Audit.Node.CommandLine.Hosts;

/// <summary>One event of a stream, as it came, and what it says.</summary>
/// <param name="Data">Empty for an event that says nothing.</param>
internal readonly record struct ServerEvent(ReadOnlyMemory<byte> Bytes, ReadOnlyMemory<byte> Data, bool HasId);

/// <summary>Events that a server sends. What another reader could find another event in is left out.</summary>
internal static class ServerEvents
{
    private const int Longest = 64 << 20;

    private static readonly string[] Fields = ["data", "event", "id", "retry"];

    public static byte[] Of(ReadOnlyMemory<byte> message) =>
        [.. "event: message\ndata: "u8, .. message.Span, .. "\n\n"u8];

    public static async IAsyncEnumerable<ServerEvent> ReadAsync(
        Stream stream, Action<string> note, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var reader = PipeReader.Create(stream);
        while (true)
        {
            var read = await reader.ReadAsync(cancellation);
            var rest = read.Buffer;
            while (EndOf(rest) is { } end)
            {
                var bytes = rest.Slice(0, end).ToArray();
                rest = rest.Slice(end);
                if (TryParse(bytes) is { } one)
                {
                    yield return one;
                }
                else
                {
                    note("not passed on: an event of the server that can be read in two ways");
                }
            }

            // An event that is not ended is none, as every reader has it.
            if (read.IsCompleted || rest.Length > Longest)
            {
                yield break;
            }

            reader.AdvanceTo(rest.Start, rest.End);
        }
    }

    /// <summary>Behind the empty line that ends the first event.</summary>
    private static SequencePosition? EndOf(ReadOnlySequence<byte> buffer)
    {
        var lines = new SequenceReader<byte>(buffer);
        while (lines.TryReadTo(out ReadOnlySequence<byte> line, (byte)'\n'))
        {
            if (line.IsEmpty || (line.Length == 1 && line.FirstSpan[0] == '\r'))
            {
                return lines.Position;
            }
        }

        return null;
    }

    /// <returns>
    /// Null where a carriage return stands alone, which ends lines too, or a line has no known field.
    /// </returns>
    private static ServerEvent? TryParse(byte[] bytes)
    {
        var data = new ArrayBufferWriter<byte>();
        var (hasId, hasData) = (false, false);
        foreach (var range in bytes.AsSpan().Split((byte)'\n'))
        {
            ReadOnlySpan<byte> line = bytes.AsSpan(range);
            line = line.EndsWith("\r"u8) ? line[..^1] : line;
            if (line.Contains((byte)'\r'))
            {
                return null;
            }

            if (line.IsEmpty || line[0] == ':')
            {
                continue;
            }

            var colon = line.IndexOf((byte)':');
            var name = Encoding.UTF8.GetString(colon < 0 ? line : line[..colon]);
            if (!Fields.Contains(name))
            {
                return null;
            }

            hasId |= name == "id";
            if (name == "data")
            {
                var value = colon < 0 ? default : line[(colon + 1)..];
                data.Write(hasData ? "\n"u8 : default);
                data.Write(value.StartsWith(" "u8) ? value[1..] : value);
                hasData = true;
            }
        }

        return new ServerEvent(bytes, data.WrittenMemory, hasId);
    }
}
