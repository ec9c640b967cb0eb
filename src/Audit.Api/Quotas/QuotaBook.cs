namespace Audit.Api.Quotas;

/// <summary>What a request may hold of the node while it goes on.</summary>
internal enum Quota : byte
{
    Requests,
    Streams,
    Tails,
    LargeBodies,
    Waits,
}

/// <summary>
/// Counts what each source, person and token holds, and refuses what is more than its share: first of the source and
/// the person, for either may have many tokens, then of the token.
/// </summary>
internal sealed class QuotaBook(QuotaLimits limits)
{
    private static readonly string[] Words =
        [
            "requests that are being answered", "streams open", "live readers", "large bodies under way",
            "answers that wait for the log",
        ];

    private readonly Lock gate = new();
    private readonly Dictionary<Holding, int> held = [];
    private readonly Dictionary<string, BatchPlaces> batches = [];

    public QuotaLimits Limits { get; } = limits;

    /// <returns>What gives it back.</returns>
    /// <exception cref="RefusedException">The source, the person or the token holds as much as it may.</exception>
    public QuotaLease Enter(Quota quota, Bearer bearer)
    {
        var most = Limits.Of(quota);
        var source = bearer.Source?.Name;
        var person = bearer.Sharer;
        lock (gate)
        {
            var refusal = Refuse(quota, "source", source, most) ?? Refuse(quota, "person", person, most)
                ?? Refuse(quota, "token", bearer.Name, most / 2);
            if (refusal is not null)
            {
                throw new RefusedException(Problem.OverQuota(refusal));
            }

            Add(new Holding(quota, "source", source), 1);
            Add(new Holding(quota, "person", person), 1);
            Add(new Holding(quota, "token", bearer.Name), 1);
        }

        return new QuotaLease(this, quota, source, person, bearer.Name);
    }

    /// <summary>The places for batches of the bearer's source; where a token has none, of the token.</summary>
    public BatchPlaces BatchesOf(Bearer bearer)
    {
        var name = bearer.Source is { } source ? "source " + source.Name : "token " + bearer.Name;
        lock (gate)
        {
            if (!batches.TryGetValue(name, out var places))
            {
                batches.Add(name, places = new BatchPlaces(Limits.Batches, () => Forget(name)));
            }

            places.Users++;
            return places;
        }
    }

    internal void Leave(QuotaLease lease)
    {
        lock (gate)
        {
            Add(new Holding(lease.Quota, "source", lease.Source), -1);
            Add(new Holding(lease.Quota, "person", lease.Person), -1);
            Add(new Holding(lease.Quota, "token", lease.Token), -1);
        }
    }

    private void Forget(string name)
    {
        lock (gate)
        {
            if (batches.TryGetValue(name, out var places) && --places.Users == 0)
            {
                batches.Remove(name);
                places.Places.Dispose();
            }
        }
    }

    private string? Refuse(Quota quota, string whose, string? name, int most) =>
        name is not null && held.GetValueOrDefault(new Holding(quota, whose, name)) >= most
            ? $"The {whose} \"{name}\" has {most} {Words[(int)quota]} already, which is its share; come again later."
            : null;

    private void Add(Holding holding, int more)
    {
        if (holding.Name is null)
        {
            return;
        }

        var count = held.GetValueOrDefault(holding) + more;
        if (count == 0)
        {
            held.Remove(holding);
        }
        else
        {
            held[holding] = count;
        }
    }

    private readonly record struct Holding(Quota Quota, string Whose, string? Name);
}

/// <summary>A share of the node that a request holds until it is disposed of.</summary>
internal sealed class QuotaLease(
    QuotaBook book, Quota quota, string? source, string? person, string token) : IDisposable
{
    private int left;

    public Quota Quota { get; } = quota;

    public string? Source { get; } = source;

    public string? Person { get; } = person;

    public string Token { get; } = token;

    public void Dispose()
    {
        if (Interlocked.Exchange(ref left, 1) == 0)
        {
            book.Leave(this);
        }
    }
}

/// <summary>How many batches of one source may wait for their receipts.</summary>
internal sealed class BatchPlaces(int most, Action leave) : IDisposable
{
    public SemaphoreSlim Places { get; } = new(most);

    internal int Users { get; set; }

    public void Dispose() => leave();
}
