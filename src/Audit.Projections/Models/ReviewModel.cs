namespace Audit.Projections.Models;

/// <summary>Whether somebody has looked at a violation of a call. From <see cref="Waiting"/> on it waits.</summary>
public enum ReviewState : byte
{
    None,

    /// <summary>
    /// Lifted soon after, before anybody decided on the call or took a copy of the book: an order of arrival.
    /// </summary>
    Explained,

    Reviewed,

    Waiting,

    /// <summary>It was judged anew after it was reviewed.</summary>
    Reopened,
}

/// <summary>Where a violation stands with those who review it.</summary>
public sealed record ReviewModel(ReviewState State)
{
    public static readonly ReviewModel Waiting = new(ReviewState.Waiting);

    /// <summary>Whose token reviewed it last.</summary>
    public string? By { get; init; }

    public Timestamp? At { get; init; }

    public string? Reason { get; init; }

    /// <summary>How long it stood before it was lifted; null where it stands, or is explained.</summary>
    public TimeSpan? LiftedAfter { get; init; }

    [JsonIgnore]
    public bool Waits => State >= ReviewState.Waiting;
}

/// <summary>A bundle or an export was given, or went on: the position of the row in the diary of reads.</summary>
public sealed record CopyModel(long Position);
