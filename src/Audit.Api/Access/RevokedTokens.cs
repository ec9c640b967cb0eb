namespace Audit.Api.Access;

/// <summary>
/// The names of revoked tokens as the journal has them. A row of the table that was set back to before its revocation
/// still has its proof; the journal does not forget.
/// </summary>
internal sealed class RevokedTokens(PeopleStream people, TimeProvider clock)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    private readonly SemaphoreSlim turn = new(1);
    private readonly HashSet<string> names = [];
    private long sequence;
    private long lookedAt = long.MinValue;

    public async ValueTask<bool> HaveAsync(string name, CancellationToken cancellation)
    {
        await turn.WaitAsync(cancellation);
        try
        {
            var now = clock.GetTimestamp();
            if (lookedAt == long.MinValue || clock.GetElapsedTime(lookedAt, now) >= Pause)
            {
                await ReadOnAsync(cancellation);
                lookedAt = now;
            }

            return names.Contains(name);
        }
        finally
        {
            turn.Release();
        }
    }

    public void LookAgain() => Volatile.Write(ref lookedAt, long.MinValue);

    private async Task ReadOnAsync(CancellationToken cancellation)
    {
        await foreach (var act in people.ReadAsync(sequence, cancellation))
        {
            if (act.Act == PeopleAct.TokenRevoked)
            {
                names.Add(act.Name);
            }

            sequence = act.Sequence;
        }
    }
}
