using System.IO.Pipelines;
using Audit.Api.Quotas;

namespace Audit.Api.Intake;

/// <summary>A body that is held whole, in pooled memory, until it is disposed of.</summary>
internal sealed class WholeBody : IDisposable
{
    private const int FirstBytes = 4 << 10;

    private readonly RecordIntake intake;
    private readonly Bearer bearer;
    private readonly long stalls;
    private long began;
    private QuotaLease? share;
    private byte[] buffer;
    private int length;
    private bool holdsPlace;

    private WholeBody(RecordIntake intake, Bearer bearer, int firstBytes)
    {
        this.intake = intake;
        this.bearer = bearer;
        stalls = intake.Stalls;
        began = intake.Clock.GetTimestamp();
        buffer = ArrayPool<byte>.Shared.Rent(firstBytes);
    }

    public ReadOnlyMemory<byte> Bytes => buffer.AsMemory(0, length);

    /// <exception cref="RefusedException">It is larger than a body may be, damaged, or comes too slowly.</exception>
    public static async Task<WholeBody> ReadAsync(HttpContext context, RecordIntake intake)
    {
        var (request, cancellation) = (context.Request, context.RequestAborted);
        var expected = request.Headers.ContentEncoding.Count == 0 ? request.ContentLength ?? 0 : 0;
        var body = new WholeBody(
            intake, context.Bearer(), (int)Math.Clamp(expected, FirstBytes, IntakeLimits.SmallBodyBytes));
        var reader = BodyDecoding.Open(request);
        try
        {
            await body.FillAsync(reader, cancellation);
            await context.RequireHeldAsync();
            return body;
        }
        catch
        {
            body.Dispose();
            throw;
        }
        finally
        {
            await BodyDecoding.CloseAsync(request, reader);
        }
    }

    public void Dispose()
    {
        if (stalls == intake.Stalls)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        buffer = [];
        length = 0;
        if (holdsPlace)
        {
            holdsPlace = false;
            intake.Places.LargeBodies.Release();
        }

        share?.Dispose();
    }

    private async Task FillAsync(PipeReader reader, CancellationToken cancellation)
    {
        while (true)
        {
            var read = await ReadMoreAsync(reader, cancellation);
            try
            {
                await MakeRoomAsync(length + read.Buffer.Length, cancellation);
                read.Buffer.CopyTo(buffer.AsSpan(length));
                length += (int)read.Buffer.Length;
            }
            finally
            {
                reader.AdvanceTo(read.Buffer.End);
            }

            if (read.IsCompleted)
            {
                return;
            }
        }
    }

    /// <summary>Whoever sends a body slowly keeps a place from others, and so may not for long.</summary>
    private async ValueTask<ReadResult> ReadMoreAsync(PipeReader reader, CancellationToken cancellation)
    {
        var arriving = reader.ReadAsync(cancellation);
        if (arriving.IsCompleted)
        {
            return await arriving;
        }

        var patience = intake.Quotas.Limits.Body;
        var earned = TimeSpan.FromSeconds((double)length / IntakeLimits.BodyBytesPerSecond);
        var left = patience + earned - intake.Clock.GetElapsedTime(began);
        var waiting = arriving.AsTask();
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation, intake.Stopping);
        try
        {
            return await waiting.WaitAsync(left < patience ? Max(left) : patience, intake.Clock, ending.Token);
        }
        catch (Exception ended) when (ended is TimeoutException
            || (ended is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            reader.CancelPendingRead();
            await ((Task)waiting).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (waiting.IsCompletedSuccessfully)
            {
                reader.AdvanceTo(waiting.Result.Buffer.End);
            }

            throw new RefusedException(ended is OperationCanceledException ? Problem.Stopping() : Problem.TooSlow(
                $"Of the body {length} bytes came in {intake.Clock.GetElapsedTime(began).TotalSeconds:0} s; a body may "
                + $"rest for {patience.TotalSeconds:0} s and must bring {IntakeLimits.BodyBytesPerSecond} bytes a "
                + "second."));
        }

        static TimeSpan Max(TimeSpan time) => time > TimeSpan.FromMilliseconds(1) ? time : TimeSpan.FromMilliseconds(1);
    }

    private async ValueTask MakeRoomAsync(long needed, CancellationToken cancellation)
    {
        if (needed <= buffer.Length)
        {
            return;
        }

        if (needed > IntakeLimits.BodyBytes)
        {
            throw new RefusedException(Problem.TooLarge(
                $"The body is larger than {IntakeLimits.BodyBytes} bytes; send more as NDJSON, which may be of any "
                    + "length "
                + "(Content-Type application/x-ndjson)."));
        }

        if (!holdsPlace && needed > IntakeLimits.SmallBodyBytes)
        {
            share = intake.Quotas.Enter(Quota.LargeBodies, bearer);
            var waited = intake.Clock.GetTimestamp();
            await intake.Places.LargeBodies.WaitAsync(cancellation);
            holdsPlace = true;
            began += intake.Clock.GetTimestamp() - waited;
        }

        var larger = ArrayPool<byte>.Shared.Rent(
            (int)Math.Min(IntakeLimits.BodyBytes, Math.Max(needed, 2L * buffer.Length)));
        buffer.AsSpan(0, length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(buffer);
        buffer = larger;
    }
}
