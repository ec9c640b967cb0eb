using Audit.Lifecycle.Hashing;
using System.Buffers.Text;

namespace Audit.Lifecycle.Redaction;

/// <summary>
/// Takes secrets out of texts, and leaves in the place of each the name of its rule, its length and its keyed hash, by
/// which the same secret is known again. Pure, and used by all threads.
/// </summary>
public sealed class Redactor(RedactionRules rules, RecordHasher hasher)
{
    /// <summary>Codes within codes.</summary>
    private const int MostDecoded = 2;

    /// <summary>So much is looked at as it reads in one go, and what may lie across its end once more.</summary>
    private const int DecodedPiece = 1 << 16, DecodedTwice = 1 << 13;

    public RedactionRules Rules { get; } = rules;

    /// <param name="json">A valid JSON text.</param>
    public Redacted Json(ReadOnlyMemory<byte> json)
    {
        if (Rules.Own.Count == 0 && !Triggers.All.MayHoldSecret(json.Span))
        {
            return new Redacted(json, null);
        }

        var scratch = Scratch.Rent();
        try
        {
            var redacted = JsonRedaction.Of(this, json.Span, scratch.Rules, depth: 0);
            return redacted is null ? new Redacted(json, null) : new Redacted(redacted, MarkOf(scratch));
        }
        finally
        {
            scratch.Return();
        }
    }

    /// <summary>A text for people: a sentence, a name, a reason.</summary>
    public string Text(string text)
    {
        if (Rules.Own.Count == 0 && !Triggers.All.AnyIn(text))
        {
            return text;
        }

        var scratch = Scratch.Rent();
        try
        {
            return Text(Encoding.UTF8.GetBytes(text), scratch.Rules) is { } redacted
                ? Encoding.UTF8.GetString(redacted)
                : text;
        }
        finally
        {
            scratch.Return();
        }
    }

    /// <summary>Whether any secret is found in a text that may be no JSON.</summary>
    public bool Finds(ReadOnlySpan<byte> text) => Text(text, []) is not null;

    /// <returns>Null where nothing was found.</returns>
    internal byte[]? Text(ReadOnlySpan<byte> utf8, SortedSet<string> marks)
    {
        var scratch = Scratch.Rent();
        try
        {
            Find(scratch.Widen(utf8), utf8, scratch.Found);
            return scratch.Found.Count == 0 ? null : Replace(utf8, scratch.Found, marks);
        }
        finally
        {
            scratch.Return();
        }
    }

    /// <summary>What stands for a secret: it needs no escape in any text.</summary>
    internal byte[] Replacement(ReadOnlySpan<byte> secret, string rule)
    {
        Span<byte> hash = stackalloc byte[Fingerprint.Length];
        hasher.OfBytes(secret).CopyTo(hash);
        return Encoding.ASCII.GetBytes(string.Create(
            CultureInfo.InvariantCulture,
            $"{Placeholders.Begin}{rule}, {secret.Length} bytes, keyed hash {Base64Url.EncodeToString(hash)}]"));
    }

    private void Find(ReadOnlySpan<char> text, ReadOnlySpan<byte> utf8, List<Finding> found)
    {
        Find(text, found, decoded: 0);
        if (Rules.Own.Count > 0)
        {
            FindOwn(utf8, found);
        }

        SecretScan.Settle(found);
    }

    private void Find(ReadOnlySpan<char> text, List<Finding> found, int decoded)
    {
        new SecretScan(text, Rules, found).Run();
        for (var start = 0; decoded < MostDecoded && start < text.Length; start += DecodedPiece - DecodedTwice)
        {
            if (CodedText.Decode(text[start..Math.Min(text.Length, start + DecodedPiece)]) is { } plain)
            {
                var (inner, from) = (new List<Finding>(), start);
                Find(plain.Letters.Span, inner, decoded + 1);
                found.AddRange(inner.Select(one =>
                    one with { Start = from + plain.Places[one.Start], End = from + plain.Places[one.End] }));
            }
        }
    }

    /// <summary>One's own patterns speak of characters; their places in the bytes are counted.</summary>
    private void FindOwn(ReadOnlySpan<byte> utf8, List<Finding> found)
    {
        var text = Encoding.UTF8.GetString(utf8);
        foreach (var rule in Rules.Own)
        {
            var (letters, bytes) = (0, 0);
            foreach (var match in rule.Regex.EnumerateMatches(text))
            {
                bytes += Encoding.UTF8.GetByteCount(text.AsSpan(letters, match.Index - letters));
                letters = match.Index;
                var length = Encoding.UTF8.GetByteCount(text.AsSpan(match.Index, match.Length));
                if (length > 0 && Placeholders.RedactedLength(text.AsSpan(match.Index)) != match.Length)
                {
                    found.Add(new Finding(bytes, bytes + length, rule.Name));
                }
            }
        }
    }

    private byte[] Replace(ReadOnlySpan<byte> utf8, List<Finding> found, SortedSet<string> marks)
    {
        var replaced = new ArrayBufferWriter<byte>(utf8.Length + (found.Count * 64));
        var copied = 0;
        foreach (var finding in found)
        {
            marks.Add(finding.Rule);
            replaced.Write(utf8[copied..finding.Start]);
            replaced.Write(Replacement(utf8[finding.Start..finding.End], finding.Rule));
            copied = finding.End;
        }

        replaced.Write(utf8[copied..]);
        return replaced.WrittenSpan.ToArray();
    }

    private RedactionMark MarkOf(Scratch scratch) => new([.. scratch.Rules], Rules.Version);
}

/// <summary>Where a secret stands in a text, and the rule that knows it.</summary>
internal readonly record struct Finding(int Start, int End, string Rule)
{
    public int Length => End - Start;
}

/// <summary>What was taken out of a text, as the event says it.</summary>
/// <param name="Rules">The names of the rules that found something, in order.</param>
/// <param name="Version">Of the rule set.</param>
public sealed record RedactionMark(IReadOnlyList<string> Rules, string Version);

/// <summary>A JSON text after redaction.</summary>
/// <param name="Json">The bytes as they were sent where nothing was found.</param>
/// <param name="Mark">Null where nothing was found.</param>
public readonly record struct Redacted(ReadOnlyMemory<byte> Json, RedactionMark? Mark);

/// <summary>
/// A text without the codes that stand in it for letters: as in a URL, in a program's string, or of two bytes a letter.
/// </summary>
/// <param name="Places">Where each letter begins in the text, and where the last one ends.</param>
internal sealed record CodedText(ReadOnlyMemory<char> Letters, int[] Places)
{
    private const string Hex = "\\x", Number = "\\u00";

    public static bool IsIn(ReadOnlySpan<char> text)
    {
        for (var at = 0; text[at..].IndexOfAny('%', '\0') is >= 0 and var next; at++)
        {
            at += next;
            if (CodeAt(text[at..], out _) > 0 || IsWide(text, at))
            {
                return true;
            }
        }

        return text.Contains(Hex, StringComparison.Ordinal) || text.Contains(Number, StringComparison.Ordinal);
    }

    /// <returns>Null where no codes stand in it.</returns>
    public static CodedText? Decode(ReadOnlySpan<char> text)
    {
        if (!IsIn(text))
        {
            return null;
        }

        var (letters, places, count) = (new char[text.Length], new int[text.Length + 1], 0);
        for (var at = 0; at < text.Length; count++)
        {
            places[count] = at;
            var length = CodeAt(text[at..], out var letter);
            letters[count] = length > 0 ? letter : text[at];
            at += Math.Max(1, length);
            at += at < text.Length && text[at] == '\0' ? 1 : 0;
        }

        places[count] = text.Length;
        return new CodedText(letters.AsMemory(0, count), places);
    }

    /// <summary>An empty byte and, behind a letter, another one.</summary>
    private static bool IsWide(ReadOnlySpan<char> text, int at) =>
        at + 2 < text.Length && text[at] == '\0' && text[at + 1] != '\0' && text[at + 2] == '\0';

    /// <summary>`%3D`, `\x3d`, `\u003d`: how long the code is; 0 where there is none.</summary>
    private static int CodeAt(ReadOnlySpan<char> text, out char letter)
    {
        var before = text[0] == '%' ? 1
            : text.StartsWith(Hex, StringComparison.Ordinal) ? Hex.Length
            : text.StartsWith(Number, StringComparison.Ordinal) ? Number.Length
            : 0;
        letter = '\0';
        if (before == 0 || text.Length < before + 2
            || !byte.TryParse(
                text.Slice(before, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code))
        {
            return 0;
        }

        letter = (char)code;
        return before + 2;
    }
}
