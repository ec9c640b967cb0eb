using System.IO.Pipelines;

namespace Audit.Api.Intake;

/// <summary>A body that is held whole, in pooled memory, until it is disposed of.</summary>
internal sealed class WholeBody : IDisposable
{
    private const int FirstBytes = 4 << 10;

    private readonly IntakePlaces places;
    private byte[] buffer;
    private int length;
    private bool holdsPlace;

    private WholeBody(IntakePlaces places, int firstBytes)
    {
        this.places = places;
        buffer = ArrayPool<byte>.Shared.Rent(firstBytes);
    }

    public ReadOnlyMemory<byte> Bytes => buffer.AsMemory(0, length);

    /// <exception cref="RefusedException">It is larger than a body may be, or damaged.</exception>
    public static async Task<WholeBody> ReadAsync(
        HttpRequest request, IntakePlaces places, CancellationToken cancellation)
    {
        var expected = request.Headers.ContentEncoding.Count == 0 ? request.ContentLength ?? 0 : 0;
        var body = new WholeBody(places, (int)Math.Clamp(expected, FirstBytes, IntakeLimits.SmallBodyBytes));
        var reader = BodyDecoding.Open(request);
        try
        {
            await body.FillAsync(reader, cancellation);
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
        ArrayPool<byte>.Shared.Return(buffer);
        buffer = [];
        length = 0;
        if (holdsPlace)
        {
            holdsPlace = false;
            places.LargeBodies.Release();
        }
    }

    private async Task FillAsync(PipeReader reader, CancellationToken cancellation)
    {
        while (true)
        {
            var read = await reader.ReadAsync(cancellation);
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

    private async ValueTask MakeRoomAsync(long needed, CancellationToken cancellation)
    {
        if (needed <= buffer.Length)
        {
            return;
        }

        if (needed > IntakeLimits.BodyBytes)
        {
            throw new RefusedException(Problem.TooLarge(
                $"The body is larger than {IntakeLimits.BodyBytes} bytes; send more as NDJSON, which may be of any length "
                + "(Content-Type application/x-ndjson)."));
        }

        if (!holdsPlace && needed > IntakeLimits.SmallBodyBytes)
        {
            await places.LargeBodies.WaitAsync(cancellation);
            holdsPlace = true;
        }

        var larger = ArrayPool<byte>.Shared.Rent(
            (int)Math.Min(IntakeLimits.BodyBytes, Math.Max(needed, 2L * buffer.Length)));
        buffer.AsSpan(0, length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(buffer);
        buffer = larger;
    }
}
