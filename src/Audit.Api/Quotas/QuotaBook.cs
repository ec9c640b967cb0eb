namespace Audit.Api.Quotas;

/// <summary>What a request may hold of the node while it goes on.</summary>
internal enum Quota : byte
{
    Requests,
    Streams,
    Tails,
    LargeBodies,
    Waits,
    Exports,
}

/// <summary>
/// Counts what each source, person and token holds, and refuses what is more than its share: first of the source and
/// the person, for either may have many tokens, then of the token.
/// </summary>
internal sealed class QuotaBook(QuotaLimits limits)
{
    private const string OfSource = "source", OfPerson = "person", OfToken = "token";

    private static readonly string[] Words =
        [
            "requests that are being answered", "streams open", "live readers", "large bodies under way",
            "answers that wait for the log", "exports of a search under way",
        ];

    /// <summary>As the option names them.</summary>
    private static readonly string[] Names = ["requests", "streams", "tails", "large-bodies", "waits", "exports"];

    private readonly Lock gate = new();
    private readonly Dictionary<Holding, int> held = [];
    private readonly Dictionary<string, BatchPlaces> batches = [];
    private readonly long[] refusals = new long[Names.Length];

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
            var refusal = Refuse(quota, OfSource, source, most) ?? Refuse(quota, OfPerson, person, most)
                ?? Refuse(quota, OfToken, bearer.Name, MostOf(quota, OfToken));
            if (refusal is not null)
            {
                refusals[(int)quota]++;
                throw new RefusedException(Problem.OverQuota(refusal));
            }

            Add(new Holding(quota, OfSource, source), 1);
            Add(new Holding(quota, OfPerson, person), 1);
            Add(new Holding(quota, OfToken, bearer.Name), 1);
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

    /// <summary>
    /// Of each quota the most that any one source, person and token holds now, beside what it may: names would make
    /// series without end.
    /// </summary>
    public IReadOnlyList<QuotaUse> Used()
    {
        lock (gate)
        {
            return
            [
                .. from quota in Enum.GetValues<Quota>()
                   from whose in (string[])[OfSource, OfPerson, OfToken]
                   select new QuotaUse(
                       Names[(int)quota], whose,
                       held.Where(one => one.Key.Quota == quota && one.Key.Whose == whose)
                           .Select(one => one.Value).DefaultIfEmpty().Max(),
                       MostOf(quota, whose)),
                new QuotaUse(
                    "batches", OfSource,
                    batches.Values.Select(places => Limits.Batches - places.Places.CurrentCount).DefaultIfEmpty().Max(),
                    Limits.Batches),
            ];
        }
    }

    /// <summary>How often somebody was refused because his share was used up.</summary>
    public IReadOnlyList<(string Quota, long Count)> Refusals()
    {
        lock (gate)
        {
            return [.. Names.Zip(refusals)];
        }
    }

    internal void Leave(QuotaLease lease)
    {
        lock (gate)
        {
            Add(new Holding(lease.Quota, OfSource, lease.Source), -1);
            Add(new Holding(lease.Quota, OfPerson, lease.Person), -1);
            Add(new Holding(lease.Quota, OfToken, lease.Token), -1);
        }
    }

    private int MostOf(Quota quota, string whose) => whose == OfToken ? Limits.Of(quota) / 2 : Limits.Of(quota);

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

/// <summary>What is used of a quota by whoever uses the most of it.</summary>
internal sealed record QuotaUse(string Quota, string Whose, int Used, int Most);

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

/// <summary>Keeps one source, person or token from holding so many requests that others find no place.</summary>
internal sealed class QuotaMiddleware(RequestDelegate next, QuotaBook book)
{
    public async Task InvokeAsync(HttpContext context)
    {
        if (context.Features.Get<Admission>() is not { } admission)
        {
            await next(context);
            return;
        }

        using var request = book.Enter(Quota.Requests, admission.Bearer);
        await next(context);
    }
}

/// <summary>
/// What one source, and one person, may hold of a node at a time; one token of theirs may hold half of it. What
/// nobody uses is nobody's, so that these are far below what the node has for all.
/// </summary>
public sealed record QuotaLimits
{
    public const string Accepted =
        "a list such as streams=64,idle=60s of requests, streams, tails, large-bodies, waits, exports and batches, each a "
        + "whole number from 2, and of idle and body, each a time such as 60s";

    /// <summary>Requests that are being answered, streams and tails with them.</summary>
    public int Requests { get; init; } = 512;

    /// <summary>NDJSON requests.</summary>
    public int Streams { get; init; } = 128;

    /// <summary>Live readers.</summary>
    public int Tails { get; init; } = 64;

    /// <summary>Bodies above a megabyte that are no streams.</summary>
    public int LargeBodies { get; init; } = 4;

    /// <summary>Answers that wait until the log has what they acknowledge.</summary>
    public int Waits { get; init; } = 64;

    /// <summary>Searches that are exported whole, each of which may take minutes.</summary>
    public int Exports { get; init; } = 4;

    /// <summary>Batches of its streams that wait for their receipts; further ones wait their turn.</summary>
    public int Batches { get; init; } = 32;

    /// <summary>A stream of which no byte has come for so long ends; a blank line keeps it.</summary>
    public TimeSpan Idle { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>A body of which nothing has come for so long ends.</summary>
    public TimeSpan Body { get; init; } = TimeSpan.FromSeconds(30);

    /// <returns>Null when the text is no such list.</returns>
    public static QuotaLimits? TryParse(string text)
    {
        var limits = new QuotaLimits();
        foreach (var part in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (part.Split('=') is not [var name, var value] || limits.With(name, value) is not { } changed)
            {
                return null;
            }

            limits = changed;
        }

        return limits;
    }

    internal int Of(Quota quota) => quota switch
    {
        Quota.Requests => Requests,
        Quota.Streams => Streams,
        Quota.Tails => Tails,
        Quota.LargeBodies => LargeBodies,
        Quota.Waits => Waits,
        Quota.Exports => Exports,
        _ => throw new ArgumentOutOfRangeException(nameof(quota), quota, "There is no such quota."),
    };

    private QuotaLimits? With(string name, string value)
    {
        if (name is "idle" or "body")
        {
            return !DurationText.TryParse(value, out var time) ? null
                : name == "idle" ? this with { Idle = time }
                : this with { Body = time };
        }

        return !int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number < 2
            ? null
            : name switch
            {
                "requests" => this with { Requests = number },
                "streams" => this with { Streams = number },
                "tails" => this with { Tails = number },
                "large-bodies" => this with { LargeBodies = number },
                "waits" => this with { Waits = number },
                "exports" => this with { Exports = number },
                "batches" => this with { Batches = number },
                _ => null,
            };
    }
}
