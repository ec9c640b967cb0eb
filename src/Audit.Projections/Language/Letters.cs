using System.Runtime.CompilerServices;

namespace Audit.Projections.Language;

/// <summary>Knows what characters are, and folds their case as no culture does.</summary>
internal static class Letters
{
    private static readonly LetterKind[] OfAscii = [.. Enumerable.Range(0, 128).Select(code => KindOf(new Rune(code)))];

    /// <summary>What begins at a place of a text; half of a surrogate pair is no letter.</summary>
    /// <param name="length">How many UTF-16 units the character takes.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LetterKind At(ReadOnlySpan<char> text, int at, out int length)
    {
        var kinds = OfAscii;
        length = 1;
        return text[at] < kinds.Length ? kinds[text[at]] : AtOther(text[at..], out length);
    }

    /// <summary>Folds a word; one that is too long is cut, never within a character.</summary>
    /// <returns>How much of the destination is filled.</returns>
    public static int Fold(ReadOnlySpan<char> word, Span<char> folded)
    {
        if (Ascii.ToLower(word, folded, out var used) is OperationStatus.Done or OperationStatus.DestinationTooSmall)
        {
            return used;
        }

        used = 0;
        while (!word.IsEmpty)
        {
            Rune.DecodeFromUtf16(word, out var rune, out var length);

            // By way of the capital, so that letters with two small forms, such as sigma, become one.
            if (!Rune.ToLowerInvariant(Rune.ToUpperInvariant(rune)).TryEncodeToUtf16(folded[used..], out var written))
            {
                return used;
            }

            used += written;
            word = word[length..];
        }

        return used;
    }

    private static LetterKind AtOther(ReadOnlySpan<char> text, out int length) =>
        Rune.DecodeFromUtf16(text, out var rune, out length) == OperationStatus.Done ? KindOf(rune) : LetterKind.None;

    private static LetterKind KindOf(Rune rune) => Rune.GetUnicodeCategory(rune) switch
    {
        UnicodeCategory.UppercaseLetter or UnicodeCategory.TitlecaseLetter => LetterKind.Capital,
        UnicodeCategory.OtherLetter when IsSign(rune.Value) => LetterKind.Sign,
        UnicodeCategory.LowercaseLetter or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter =>
            LetterKind.Letter,
        UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber => LetterKind.Digit,
        UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark =>
            LetterKind.Mark,
        _ => LetterKind.None,
    };

    /// <summary>Han, Hiragana and Katakana.</summary>
    private static bool IsSign(int code) =>
        code is (>= 0x3040 and <= 0x30FF) or (>= 0x3400 and <= 0x4DBF) or (>= 0x4E00 and <= 0x9FFF)
            or (>= 0xF900 and <= 0xFAFF) or (>= 0x20000 and <= 0x3FFFF);
}

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
