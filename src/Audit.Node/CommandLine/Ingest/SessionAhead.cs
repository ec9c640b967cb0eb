using System.IO.Pipelines;

namespace Audit.Node.CommandLine.Ingest;

/// <summary>
/// The session of a stream whose events do not name it before its end: what Copilot's command line prints names it in
/// the last line. So it is looked for before anything is sent.
/// </summary>
/// <param name="Session">
/// Null where the stream names none within what is looked through, or its first line does, behind which another stream
/// may follow that begins with its own.
/// </param>
/// <param name="Whole">The stream from its beginning.</param>
internal sealed record SessionAhead(string? Session, Stream Whole)
{
    private const int Most = 64 << 20;

    public static async Task<SessionAhead> FindAsync(string format, Stream input, CancellationToken cancellation)
    {
        var seen = new ArrayBufferWriter<byte>(64 << 10);
        var (begin, searched) = (0, 0);
        var isFirst = false;
        string? session = null;
        while (session is null && seen.WrittenCount < Most)
        {
            var read = await input.ReadAsync(seen.GetMemory(64 << 10), cancellation);
            seen.Advance(read);
            while (session is null && seen.WrittenSpan[searched..].IndexOf((byte)'\n') is var end and >= 0)
            {
                session = FormatReaders.SessionOf(format, seen.WrittenSpan[begin..(searched + end)]);
                isFirst = begin == 0;
                begin = searched = searched + end + 1;
            }

            searched = seen.WrittenCount;
            if (read == 0)
            {
                session ??= FormatReaders.SessionOf(format, seen.WrittenSpan[begin..]);
                break;
            }
        }

        session = isFirst ? null : session;
        if (input.CanSeek)
        {
            input.Position = 0;
            return new SessionAhead(session, input);
        }

        var pipe = new Pipe();
        _ = Task.Run(() => RejoinAsync(seen.WrittenMemory, input, pipe.Writer), CancellationToken.None);
        return new SessionAhead(session, pipe.Reader.AsStream());
    }

    /// <summary>What was read of a stream, and then the rest of it.</summary>
    private static async Task RejoinAsync(ReadOnlyMemory<byte> head, Stream rest, PipeWriter whole)
    {
        Exception? failure = null;
        try
        {
            await whole.WriteAsync(head);
            await rest.CopyToAsync(whole);
        }
        catch (Exception failed)
        {
            // Whoever reads on hears of it.
            failure = failed;
        }

        await whole.CompleteAsync(failure);
    }
}
