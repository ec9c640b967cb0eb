using System.Diagnostics.CodeAnalysis;

namespace Audit.Api.Reading;

/// <summary>
/// Shares the time that searches take: a search ends after some seconds, each bearer has so much time of them a minute,
/// and all together leave a connection of the store to those who do not search.
/// </summary>
internal sealed class SearchQuota(TimeProvider clock)
{
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);

    /// <summary>What a bearer may use at a stretch; it comes back evenly within <see cref="Period"/>.</summary>
    public static readonly TimeSpan Budget = TimeSpan.FromSeconds(20);

    public const string TooLong = "search-too-long";

    private const int AtOnce = 3;
    private const int AtOnceOfOne = 2;
    private const int MostOfOne = 6;
    private const int MostRemembered = 1_000;

    private static readonly TimeSpan Period = TimeSpan.FromMinutes(1);

    private readonly Lock gate = new();
    private readonly SemaphoreSlim room = new(AtOnce);
    private readonly Dictionary<string, Share> shares = [];

    /// <exception cref="RefusedException">It took too long, or its bearer has had its share.</exception>
    public async Task<T> AskAsync<T>(
        Bearer bearer, CancellationToken cancellation, Func<CancellationToken, Task<T>> ask)
    {
        var share = Enter(bearer.Sharer ?? bearer.Name);
        try
        {
            await share.Room.WaitAsync(cancellation);
            try
            {
                await room.WaitAsync(cancellation);
                try
                {
                    return await AskAsync(share, cancellation, ask);
                }
                finally
                {
                    room.Release();
                }
            }
            finally
            {
                share.Room.Release();
            }
        }
        finally
        {
            Leave(share);
        }
    }

    [SuppressMessage("Usage", "CA2016", Justification = "The shorter of the two tokens is handed on.")]
    private async Task<T> AskAsync<T>(Share share, CancellationToken cancellation, Func<CancellationToken, Task<T>> ask)
    {
        using var time = new CancellationTokenSource(Longest, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, time.Token);
        var begun = clock.GetTimestamp();
        try
        {
            return await ask(either.Token);
        }
        catch (OperationCanceledException) when (time.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw new RefusedException(new Problem(
                422, TooLong, "The search takes too long",
                $"The search was ended after {Longest.TotalSeconds} s; say more of what is looked for, such as a "
                    + "time."));
        }
        finally
        {
            lock (gate)
            {
                share.Left -= clock.GetElapsedTime(begun);
            }
        }
    }

    private Share Enter(string name)
    {
        lock (gate)
        {
            var now = clock.GetTimestamp();
            if (!shares.TryGetValue(name, out var share))
            {
                Forget();
                shares.Add(name, share = new Share(now));
            }

            share.Refill(clock.GetElapsedTime(share.At, now), now);
            if (share.Entered >= MostOfOne)
            {
                throw new RefusedException(Problem.Full($"{MostOfOne} searches of \"{name}\" are under way already."));
            }

            if (share.Left <= TimeSpan.Zero)
            {
                throw new RefusedException(Problem.Full(
                    $"\"{name}\" has searched for {Budget.TotalSeconds} s within a minute, which is its share.") with
                {
                    RetryAfter = (int)Math.Ceiling(-share.Left.TotalSeconds * (Period / Budget)) + 1,
                });
            }

            share.Entered++;
            return share;
        }
    }

    private void Leave(Share share)
    {
        lock (gate)
        {
            share.Entered--;
        }
    }

    /// <summary>Who has all of its share is no different from who was never here.</summary>
    private void Forget()
    {
        if (shares.Count >= MostRemembered)
        {
            foreach (var (name, _) in shares.Where(one => one.Value.Entered == 0).ToList())
            {
                shares.Remove(name);
            }
        }
    }

    private sealed class Share(long at)
    {
        public SemaphoreSlim Room { get; } = new(AtOnceOfOne);

        public TimeSpan Left { get; set; } = Budget;

        public long At { get; private set; } = at;

        public int Entered { get; set; }

        public void Refill(TimeSpan elapsed, long now)
        {
            var left = Left + (elapsed * (Budget / Period));
            (Left, At) = (left < Budget ? left : Budget, now);
        }
    }
}
