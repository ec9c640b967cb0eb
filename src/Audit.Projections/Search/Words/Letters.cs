using System.Globalization;
using System.Text;

namespace Audit.Projections;

/// <summary>Tells what characters are, and folds their case as no culture does.</summary>
internal static class Letters
{
    private static readonly LetterKind[] Ascii = [.. Enumerable.Range(0, 128).Select(code => KindOf(new Rune(code)))];

    /// <param name="text">Is not empty; half of a surrogate pair is no letter.</param>
    /// <param name="length">How many UTF-16 units the character takes.</param>
    public static LetterKind At(ReadOnlySpan<char> text, out int length)
    {
        length = 1;
        if (text[0] < Ascii.Length)
        {
            return Ascii[text[0]];
        }

        return Rune.DecodeFromUtf16(text, out var rune, out length) == System.Buffers.OperationStatus.Done ? KindOf(rune) : LetterKind.None;
    }

    /// <summary>Folds a word; one that is too long is cut, never within a character.</summary>
    /// <returns>How much of the destination is filled.</returns>
    public static int Fold(ReadOnlySpan<char> word, Span<char> folded)
    {
        var used = 0;
        while (!word.IsEmpty)
        {
            int length;
            if (word[0] < Ascii.Length)
            {
                if (used == folded.Length)
                {
                    return used;
                }

                folded[used++] = char.ToLowerInvariant(word[0]);
                length = 1;
            }
            else
            {
                Rune.DecodeFromUtf16(word, out var rune, out length);

                // By way of the capital, so that letters with two small forms, such as sigma, become one.
                if (!Rune.ToLowerInvariant(Rune.ToUpperInvariant(rune)).TryEncodeToUtf16(folded[used..], out var written))
                {
                    return used;
                }

                used += written;
            }

            word = word[length..];
        }

        return used;
    }

    private static LetterKind KindOf(Rune rune) => Rune.GetUnicodeCategory(rune) switch
    {
        UnicodeCategory.UppercaseLetter or UnicodeCategory.TitlecaseLetter => LetterKind.Capital,
        UnicodeCategory.OtherLetter when IsSign(rune.Value) => LetterKind.Sign,
        UnicodeCategory.LowercaseLetter or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter => LetterKind.Letter,
        UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber => LetterKind.Digit,
        UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark => LetterKind.Mark,
        _ => LetterKind.None,
    };

    /// <summary>Han, Hiragana and Katakana.</summary>
    private static bool IsSign(int code) =>
        code is (>= 0x3040 and <= 0x30FF) or (>= 0x3400 and <= 0x4DBF) or (>= 0x4E00 and <= 0x9FFF) or (>= 0xF900 and <= 0xFAFF)
            or (>= 0x20000 and <= 0x3FFFF);
}
