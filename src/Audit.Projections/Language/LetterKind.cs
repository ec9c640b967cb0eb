namespace Audit.Projections.Language;

/// <summary>What a character is to the words of a text.</summary>
internal enum LetterKind : byte
{
    /// <summary>It parts words.</summary>
    None,

    Letter,

    Capital,

    Digit,

    /// <summary>It belongs to the letter before it, and begins no word.</summary>
    Mark,

    /// <summary>A sign of a script that puts no spaces between words: each is a word of its own.</summary>
    Sign,
}
