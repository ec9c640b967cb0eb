namespace Audit.Api.Access;

/// <summary>
/// The names of revoked tokens as the journal has them. A row of the table that was set back to before its revocation
/// still has its proof; the journal does not forget.
/// </summary>
internal sealed class RevokedTokens(IJournal journal, TimeProvider clock)
{
    private const int RowsAtOnce = 500;
    private static readonly StreamKey Stream = new(StreamNames.People);
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
        while (await journal.ReadStreamAsync(Stream, sequence, RowsAtOnce, cancellation) is { Count: > 0 } rows)
        {
            foreach (var row in rows)
            {
                if (PeopleAct.Read(row) is { Act: PeopleAct.TokenRevoked, Name: { } name })
                {
                    names.Add(name);
                }
            }

            sequence = rows[^1].Sequence;
        }
    }
}

/// <summary>An act of the stream in which tokens and sources are written down.</summary>
/// <param name="Name">Of the token or the source.</param>
/// <param name="Number">Of the source.</param>
internal sealed record PeopleAct(string? Act, string? Name, long Number)
{
    public const string TokenCreated = "token.created";
    public const string TokenRevoked = "token.revoked";
    public const string SourceCreated = "source.created";

    public static PeopleAct Read(JournalRow row)
    {
        var view = EventReader.ViewOf(row);
        using var detail = JsonDocument.Parse(view.Message[view.PlaceOf(EventField.Detail)]);
        var members = detail.RootElement;
        return new PeopleAct(
            view.Text(EventField.Act),
            members.TryGetProperty("name", out var name) ? name.GetString() : null,
            members.TryGetProperty("n", out var number) ? number.GetInt64() : 0);
    }
}
