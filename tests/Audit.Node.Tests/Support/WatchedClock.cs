using System.Collections.Concurrent;

namespace Audit.Node.Tests.Support;

/// <summary>The system's clock; who waits on it for a time shows that it waits, and can be let go before its time.</summary>
internal sealed class WatchedClock : TimeProvider
{
    private readonly ConcurrentDictionary<TimeSpan, TaskCompletionSource<Action>> waiting = [];

    /// <summary>Done when somebody waits for so long; what it gives ends that waiting.</summary>
    public Task<Action> WaitsForAsync(TimeSpan time) => Of(time).Task.WaitAsync(TimeSpan.FromMinutes(2));

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        Of(dueTime).TrySetResult(() => callback(state));
        return base.CreateTimer(callback, state, dueTime, period);
    }

    private TaskCompletionSource<Action> Of(TimeSpan time) =>
        waiting.GetOrAdd(time, _ => new TaskCompletionSource<Action>(TaskCreationOptions.RunContinuationsAsynchronously));
}
