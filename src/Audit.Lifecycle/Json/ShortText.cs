namespace Audit.Lifecycle.Json;

/// <summary>Shortens texts for people, with a sign that there was more.</summary>
public static class ShortText
{
    /// <summary>How much of a value an error quotes.</summary>
    public const int Quoted = 60;

    /// <param name="longest">How many characters stay, the sign not counted. No character is cut in half.</param>
    public static string Of(string text, int longest) =>
        text.Length <= longest ? text : text[..LengthOf(text, longest)] + "…";

    /// <summary>How much of the text is at most so long and ends with a whole character.</summary>
    public static int LengthOf(ReadOnlySpan<char> text, int longest) =>
        text.Length <= longest ? text.Length
        : longest > 0 && char.IsHighSurrogate(text[longest - 1]) ? longest - 1
        : longest;
}
