namespace Audit.Storage;

/// <summary>Work that goes on beside what is asked for, until it is disposed of: then it is ended and waited for.</summary>
public sealed class BackgroundWork : IAsyncDisposable
{
    private readonly CancellationTokenSource stop = new();
    private readonly Task work;

    /// <param name="work">Ends without an exception when it is cancelled.</param>
    public BackgroundWork(Func<CancellationToken, Task> work) => this.work = Task.Run(() => work(stop.Token));

    /// <summary>Does something now, and again and again.</summary>
    public static BackgroundWork Every(TimeSpan pause, TimeProvider clock, Func<Task> act) =>
        Every(pause, clock, _ => act());

    /// <summary>The same with something long, which ends when the work does, and with no exception.</summary>
    public static BackgroundWork Every(TimeSpan pause, TimeProvider clock, Func<CancellationToken, Task> act) => new(
        async cancellation =>
        {
            while (!cancellation.IsCancellationRequested)
            {
                await act(cancellation);
                await Task.Delay(pause, clock, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        });

    /// <remarks>Whoever owns it may be disposed of twice: nothing is let go of that a second time would need.</remarks>
    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await work;
    }
}
