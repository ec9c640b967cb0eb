namespace Audit.Projections.Language;

/// <summary>A query that cannot be answered as it is; the message is a sentence for whoever wrote it.</summary>
/// <param name="offset">Where in the query the fault begins, in UTF-16 units.</param>
/// <param name="length">How far it reaches; 0 where something is missing.</param>
public sealed class SearchQueryException(string sentence, int offset, int length) : Exception(sentence)
{
    public int Offset { get; } = offset;

    public int Length { get; } = length;
}
