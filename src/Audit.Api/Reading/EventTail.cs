using System.Diagnostics;
using Audit.Api.Quotas;

namespace Audit.Api.Reading;

/// <summary>
/// The journal live, as server-sent events. Nothing is kept for a reader: each reads the journal on from where it is,
/// as fast as it takes what it gets.
/// </summary>
internal sealed class EventTail(
    IJournal journal, IHostApplicationLifetime life, QuotaBook quotas, FailureLog failures)
{
    private static readonly byte[] Ended = LastEvent(Admission.Ended);

    private static readonly byte[] Through = LastEvent("the position that was asked for is reached");

    private static readonly byte[] Stopped = LastEvent("the node is stopping");

    private int open;

    public async Task<IResult> SendAsync(HttpContext context, RowFilter filter, long after)
    {
        using var share = quotas.Enter(Quota.Tails, context.Bearer());
        if (Interlocked.Increment(ref open) > ReadLimits.Tails)
        {
            Interlocked.Decrement(ref open);
            return Problem.Full($"{ReadLimits.Tails} live readers are there already; come again later.");
        }

        using var ending = CancellationTokenSource.CreateLinkedTokenSource(
            context.RequestAborted, life.ApplicationStopping);
        try
        {
            await BeginAsync(context, filter.Scope.Hide(after));
            await FollowAsync(context, filter, after, ending.Token);
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            // The reader went away, or the node stops: it comes back with the last id it saw.
            if (!context.RequestAborted.IsCancellationRequested)
            {
                await context.Response.Body.WriteAsync(Stopped, context.RequestAborted);
            }
        }
        catch (JournalUnavailableException away)
        {
            // A connection that is cut would not say why; whoever reads comes back.
            failures.Report("live events", away);
            await context.Response.Body.WriteAsync(LastEvent(away.Message), context.RequestAborted);
        }
        finally
        {
            Interlocked.Decrement(ref open);
        }

        return Reply.Sent;
    }

    private static byte[] LastEvent(string reason) => Encoding.UTF8.GetBytes(
        $"event: ended\ndata: {{\"reason\":\"{JsonEncodedText.Encode(reason)}\"}}\n\n");

    private static async Task BeginAsync(HttpContext context, long after)
    {
        // Where a reader goes on whose connection breaks before its first event.
        context.Response.Headers["Audit-Position"] = after.ToString(CultureInfo.InvariantCulture);
        context.Response.ContentType = "text/event-stream";
        await context.BeforeAnswerAsync(StatusCodes.Status200OK);
        await context.Response.Body.WriteAsync(":\n\n"u8.ToArray(), context.RequestAborted);
    }

    private async Task FollowAsync(HttpContext context, RowFilter filter, long after, CancellationToken cancellation)
    {
        var buffer = new ArrayBufferWriter<byte>(64 << 10);
        await using var json = new Utf8JsonWriter(buffer, Reply.Options);
        var written = Stopwatch.GetTimestamp();
        while (after < filter.Through)
        {
            var page = await journal.ReadAfterAsync(after, ReadLimits.PageRows, ReadLimits.PageBytes, cancellation);
            foreach (var row in SeenRow.Of(page).Where(filter.Passes))
            {
                Write(buffer, json, row, filter.Scope);
            }

            if (page.Count > 0)
            {
                after = page[^1].Position;
            }
            else
            {
                await WaitAsync(after, ReadLimits.Heartbeat - Stopwatch.GetElapsedTime(written), cancellation);
            }

            // What does not pass is no sign of life to this reader.
            if (buffer.WrittenCount == 0 && Stopwatch.GetElapsedTime(written) >= ReadLimits.Heartbeat)
            {
                buffer.Write(": still here\n\n"u8);
            }

            if (buffer.WrittenCount == 0)
            {
                continue;
            }

            // Nothing leaves after the token or its session has ended, however long ago the tail began.
            if (!await context.Admission().HoldsAsync(cancellation))
            {
                await context.Response.Body.WriteAsync(Ended, context.RequestAborted);
                return;
            }

            written = Stopwatch.GetTimestamp();
            // A stop of the node must not cancel a write: the server would cut the connection for it.
            await context.Response.Body.WriteAsync(buffer.WrittenMemory, context.RequestAborted);
            buffer.Clear();
        }

        await context.Response.Body.WriteAsync(Through, context.RequestAborted);
    }

    private async Task WaitAsync(long after, TimeSpan longest, CancellationToken cancellation)
    {
        if (longest <= TimeSpan.Zero)
        {
            return;
        }

        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(longest);
        try
        {
            await journal.WaitForMoreAsync(after, patience.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            // Nothing came for as long as a silence may last.
        }
    }

    private static void Write(ArrayBufferWriter<byte> buffer, Utf8JsonWriter json, SeenRow row, ReadScope scope)
    {
        Append(buffer, string.Create(
            CultureInfo.InvariantCulture,
            $"id: {scope.Hide(row.Row.Position)}\nevent: {EventReader.NameOf(row.Row.Manifest)}\ndata: "));
        RowWriter.Write(json, row, scope, inOneLine: true);
        json.Flush();
        json.Reset();
        buffer.Write("\n\n"u8);
    }

    private static void Append(ArrayBufferWriter<byte> buffer, string text) =>
        buffer.Advance(Encoding.UTF8.GetBytes(text, buffer.GetSpan(Encoding.UTF8.GetMaxByteCount(text.Length))));
}
