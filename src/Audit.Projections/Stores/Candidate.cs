namespace Audit.Projections.Stores;

/// <summary>An event that the index names.</summary>
internal readonly record struct Candidate(long Position, long Call, long At)
{
    public static Candidate Read(IStoredRow row) => new(row.Number(0), row.Number(1), row.Number(2));
}
