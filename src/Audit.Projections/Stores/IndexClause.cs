namespace Audit.Projections.Stores;

/// <summary>What a document must have, or must not: one of some words, marks, or words in a row.</summary>
internal sealed record IndexClause(bool IsNegated, IReadOnlyList<string[]> Any)
{
    public static IndexClause One(string mark) => new(false, [[mark]]);
}
