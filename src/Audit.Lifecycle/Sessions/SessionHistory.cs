using System.Collections.Immutable;
using Audit.Lifecycle.Hashing;

namespace Audit.Lifecycle.Sessions;

/// <summary>The notes of a session, as far as a repeated delivery must be known again.</summary>
public sealed record SessionHistory
{
    public static readonly SessionHistory Empty = new();

    public long Sequence { get; init; }

    public ImmutableDictionary<Fingerprint, long> ByRecord { get; init; } = ImmutableDictionary<Fingerprint, long>.Empty;

    public ImmutableDictionary<string, (long Sequence, Fingerprint Dedup)> ByMessageId { get; init; } =
        ImmutableDictionary<string, (long Sequence, Fingerprint Dedup)>.Empty;
}
