namespace Audit.Pages.Shared;

/// <summary>A piece of a text from elsewhere.</summary>
/// <param name="IsMark">It stands for a character that could not be seen, or would change what is seen.</param>
public readonly record struct TextSegment(string Text, bool IsMark);
