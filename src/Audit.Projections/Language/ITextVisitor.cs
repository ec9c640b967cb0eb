namespace Audit.Projections.Language;

/// <summary>Is shown the texts of an event, one after the other.</summary>
internal interface ITextVisitor
{
    /// <param name="text">Decoded, and valid during the call only.</param>
    /// <param name="isKey">It is the name of a member in an input or in data.</param>
    void Visit(TextPlace place, ReadOnlySpan<char> text, bool isKey);
}
