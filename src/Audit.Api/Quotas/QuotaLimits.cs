namespace Audit.Api.Quotas;

/// <summary>
/// What one source, and one person, may hold of a node at a time; one token of theirs may hold half of it. What
/// nobody uses is nobody's, so that these are far below what the node has for all.
/// </summary>
public sealed record QuotaLimits
{
    public const string Accepted =
        "a list such as streams=64,idle=60s of requests, streams, tails, large-bodies, waits and batches, each a whole "
        + "number from 2, and of idle and body, each a time such as 60s";

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
                "batches" => this with { Batches = number },
                _ => null,
            };
    }
}
