using System.IO.Pipelines;
using System.Threading.Channels;
using Audit.Api.Log;
using Audit.Api.Quotas;

namespace Audit.Api.Intake;

/// <summary>
/// One NDJSON request. Three loops run side by side: one reads lines and submits them, one waits for receipts in order,
/// one sends them; the spool between the last two keeps a client that does not read from holding up the first.
/// </summary>
internal sealed class LineStream(
    RecordIntake intake, HttpContext context, ItemDefaults defaults, IntakeAnswer answer, ILineIntake reading)
    : IDisposable
{
    private readonly Channel<LineBatch> submitted = Channel.CreateUnbounded<LineBatch>(
        new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });

    private readonly Admission admission = context.Admission();
    private readonly long stalls = intake.Stalls;
    private readonly SemaphoreSlim places = new(IntakeLimits.BatchesInFlight);
    private readonly BatchPlaces sourcePlaces = intake.Quotas.BatchesOf(context.Bearer());
    private readonly LineCollector lines = new(intake.Hasher);
    private readonly ReceiptSpool spool = new(intake.SpoolDirectory);
    private readonly ReceiptSender sender = new(context, IntakeHeaders.WantsMinimal(context.Request));
    private readonly CancellationTokenSource halt =
        CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, intake.Stopping);

    private Problem? stop;
    private Task<ReadResult>? arriving;
    private Task sending = Task.CompletedTask;
    private long nextIndex;
    private bool holdsPlace;
    private bool holdsSourcePlace;
    private bool isIdle;
    private volatile bool isRead;

    public async Task RunAsync()
    {
        var answering = AnswerAsync();
        var reader = BodyDecoding.Open(context.Request);
        try
        {
            await ReadAsync(reader);
        }
        catch (Exception exception)
        {
            StopFor(exception);
        }

        LeavePlaceUnused();
        isRead = true;
        submitted.Writer.Complete();
        await answering;
        await CloseAsync(reader);
    }

    public void Dispose()
    {
        lines.Dispose();
        spool.Dispose();
        sender.Dispose();
        places.Dispose();
        sourcePlaces.Dispose();
        halt.Dispose();
    }

    private async Task ReadAsync(PipeReader reader)
    {
        while (true)
        {
            var read = await ReadMoreAsync(reader);
            try
            {
                foreach (var segment in read.Buffer)
                {
                    await TakeAsync(segment);
                }
            }
            finally
            {
                // Also when it fails: the server reads what is left of the body.
                reader.AdvanceTo(read.Buffer.End);
            }

            if (read.IsCompleted)
            {
                await EndBodyAsync();
                return;
            }
        }
    }

    private async ValueTask<ReadResult> ReadMoreAsync(PipeReader reader)
    {
        var read = reader.ReadAsync(halt.Token);
        if (read.IsCompleted)
        {
            return await read;
        }

        arriving = read.AsTask();
        if (lines.Count > 0)
        {
            // While a place is waited for more may arrive, and then the batch may as well grow.
            await HoldPlaceAsync();
            if (!arriving.IsCompleted)
            {
                await SubmitAsync();
            }
        }

        var arrived = await WaitAsync(arriving);
        arriving = null;
        return arrived;
    }

    /// <summary>A stream of which nothing comes gives its place to others.</summary>
    private async Task<ReadResult> WaitAsync(Task<ReadResult> arrival)
    {
        var patience = intake.Quotas.Limits.Idle;
        try
        {
            return await arrival.WaitAsync(patience, intake.Clock);
        }
        catch (TimeoutException)
        {
            isIdle = true;
            throw new RefusedException(Problem.TooSlow(
                $"No byte came for {patience.TotalSeconds:0} s; send on in a new stream. "
                + "A blank line keeps a stream open."));
        }
    }

    /// <summary>Nothing may read the body any more when the request ends.</summary>
    private async Task CloseAsync(PipeReader reader)
    {
        await halt.CancelAsync();
        if (arriving is not null)
        {
            await ((Task)arriving).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (arriving.IsCompletedSuccessfully)
            {
                reader.AdvanceTo(arriving.Result.Buffer.End);
            }
        }

        await BodyDecoding.CloseAsync(context.Request, reader);
    }

    private async ValueTask TakeAsync(ReadOnlyMemory<byte> bytes)
    {
        while (true)
        {
            bytes = bytes[lines.Append(bytes.Span)..];
            if (!lines.IsFull)
            {
                return;
            }

            await HoldPlaceAsync();
            await SubmitAsync();
        }
    }

    private async Task EndBodyAsync()
    {
        lines.EndLine();
        if (lines.Count > 0)
        {
            await HoldPlaceAsync();
            await SubmitAsync();
        }
    }

    private async ValueTask HoldPlaceAsync()
    {
        if (spool.IsFull)
        {
            throw new RefusedException(Problem.TooLarge(
                $"More than {IntakeLimits.ReceiptBytesInFile} bytes of receipts wait to be read."));
        }

        if (holdsPlace)
        {
            return;
        }

        await places.WaitAsync(halt.Token);
        await sourcePlaces.Places.WaitAsync(halt.Token);
        holdsSourcePlace = true;
        await intake.Places.Batches.WaitAsync(halt.Token);
        holdsPlace = true;
        holdsSourcePlace = false;
    }

    private void LeavePlaceUnused()
    {
        if (holdsPlace || holdsSourcePlace)
        {
            sourcePlaces.Places.Release();
        }

        if (holdsPlace)
        {
            intake.Places.Batches.Release();
        }

        (holdsPlace, holdsSourcePlace) = (false, false);
    }

    private async ValueTask SubmitAsync()
    {
        if (!await admission.HoldsAsync(halt.Token))
        {
            throw new RefusedException(Problem.Unauthorized(Admission.Ended + "."));
        }

        var (buffer, taken) = lines.Take();
        var batch = await reading.ReadAsync(buffer, taken, defaults with { ReceivedAt = intake.Now });
        // What was submitted is finished, whatever becomes of the request.
        var receipts = batch.SubmitAsync(intake.Engine, CancellationToken.None);
        submitted.Writer.TryWrite(new LineBatch(nextIndex, buffer, receipts));
        nextIndex += batch.Count;
        holdsPlace = false;
    }

    /// <summary>Turns receipts into lines, in order, until all batches are answered or one cannot be.</summary>
    private async Task AnswerAsync()
    {
        var held = answer.Seal is null ? null : new HeldReceipts(answer.Seal, Pass);
        var answered = 0L;
        await foreach (var batch in submitted.Reader.ReadAllAsync(CancellationToken.None))
        {
            var receipts = await FinishAsync(batch);
            // Behind an item without a receipt none is sent, for receipts come in order.
            var known = answered == batch.FirstIndex ? KnownOf(receipts) : 0;
            if (known > 0)
            {
                answered += known;
                var sure = new ArraySegment<Receipt>(receipts, 0, known);
                if (held is null)
                {
                    Pass(batch.FirstIndex, sure, intake.Known);
                }
                else
                {
                    await held.AddAsync(batch.FirstIndex, sure);
                }
            }
        }

        await (held?.EndAsync() ?? Task.CompletedTask);
        await EndAsync(answered);
    }

    private void Pass(long firstIndex, ArraySegment<Receipt> receipts, SealedUpTo known)
    {
        answer.Signature?.Add(receipts);
        sender.Write(spool, firstIndex, receipts, known);
        // The last receipts go with the end of the answer, which is one then where they are the first too.
        var isLast = isRead && stop is null && firstIndex + receipts.Count == nextIndex;
        sending = sender.HasStarted || isLast ? sending : sender.SendAsync(spool);
    }

    private async Task<Receipt[]> FinishAsync(LineBatch batch)
    {
        try
        {
            return await batch.Receipts;
        }
        catch (Exception exception)
        {
            StopFor(exception);
            return [];
        }
        finally
        {
            if (stalls == intake.Stalls)
            {
                LineCollector.Return(batch.Buffer);
            }

            places.Release();
            sourcePlaces.Places.Release();
            intake.Places.Batches.Release();
        }
    }

    /// <summary>
    /// How many receipts come before the first that ends the stream: nothing is known of it, and the same would become
    /// of others. Where only its own stream is away, it says so, and the others go on.
    /// </summary>
    private int KnownOf(Receipt[] receipts)
    {
        var unknown = Array.FindIndex(receipts, receipt => receipt.Status == ReceiptStatus.Unknown
            || (receipt.Status == ReceiptStatus.Unavailable && !reading.AnswersEach));
        if (unknown < 0)
        {
            return receipts.Length;
        }

        Stop(Problem.Of(receipts[unknown])!);
        return unknown;
    }

    private async Task EndAsync(long answered)
    {
        // Who keeps a stream open waits for receipts, and is given where to go on as one of them.
        var wasOpen = isIdle || intake.Stopping.IsCancellationRequested;
        if (stop is not null && !sender.HasStarted && !wasOpen)
        {
            await AnswerProblemAsync(stop);
            return;
        }

        if (answer.Signature is { } signature)
        {
            sender.WriteSignature(spool, await signature.SignAsync(), signature.Certificate);
        }

        sender.WriteEnd(spool, stop, answered, reading);
        spool.End();
        await (sender.HasStarted ? sending : sender.SendAsync(spool));
    }

    private Task AnswerProblemAsync(Problem problem) =>
        context.RequestAborted.IsCancellationRequested ? Task.CompletedTask : problem.ExecuteAsync(context);

    private void StopFor(Exception exception)
    {
        var problem = exception switch
        {
            RefusedException refused => refused.Problem,
            BadHttpRequestException bad => Problem.BadRequest(bad.Message),
            JournalUnavailableException away => Problem.Of(away),
            EngineStoppedException => Problem.Stopping(),
            _ when context.RequestAborted.IsCancellationRequested => Problem.BadRequest("The client went away."),
            OperationCanceledException when intake.Stopping.IsCancellationRequested => Problem.Stopping(),
            OperationCanceledException => null,
            IOException io => Problem.BadRequest(io.Message),
            _ => Unexpected(exception),
        };
        if (problem is not null)
        {
            Stop(problem);
        }
    }

    private Problem Unexpected(Exception exception)
    {
        intake.Failures.Report("stream of records", exception);
        return Problem.Unexpected();
    }

    /// <summary>The first reason counts, and ends the reading.</summary>
    private void Stop(Problem reason)
    {
        Interlocked.CompareExchange(ref stop, reason, null);
        halt.Cancel();
    }
}
