namespace Audit.Api.Intake;

/// <summary>The places that all requests of a node share.</summary>
internal sealed class IntakePlaces : IDisposable
{
    private int streams;

    public SemaphoreSlim Batches { get; } = new(IntakeLimits.BatchesInFlightOfAll);

    public SemaphoreSlim LargeBodies { get; } = new(IntakeLimits.LargeBodies);

    public int Streams => Volatile.Read(ref streams);

    public bool TryEnterStream()
    {
        if (Interlocked.Increment(ref streams) <= IntakeLimits.Streams)
        {
            return true;
        }

        LeaveStream();
        return false;
    }

    public void LeaveStream() => Interlocked.Decrement(ref streams);

    public void Dispose()
    {
        Batches.Dispose();
        LargeBodies.Dispose();
    }
}
