namespace Audit.Lifecycle.Redaction;

/// <summary>Looks whether a secret stands where its trigger was found.</summary>
internal delegate void Matching(ref SecretScan scan, int at);

/// <summary>
/// The short texts one of which stands in or beside every secret that a built-in rule knows. Most texts hold none,
/// which one vectorised search shows.
/// </summary>
internal sealed class Triggers
{
    /// <summary>A secret written with escapes for its letters is looked for after they are read.</summary>
    private const string Escape = "\\u00";

    private const int LongestTrigger = 32;

    /// <summary>Of more the framework makes a search that is ten times as slow.</summary>
    private const int MostTexts = 80;
    private const int Piece = 4096;

    public static readonly Triggers All = new(
        [.. TokenShape.Triggers, .. SpecialSecrets.Triggers, .. NamedSecrets.Triggers, .. CommandLines.Triggers]);

    private readonly SearchValues<string> inTexts;
    private readonly SearchValues<string> inJson;
    private readonly Trigger[][] byFirst = new Trigger[128][];

    private Triggers(Trigger[] triggers)
    {
        var texts = triggers.Select(trigger => trigger.Text).Distinct().ToArray();
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(texts.Length, MostTexts);
        inTexts = SearchValues.Create(texts, StringComparison.OrdinalIgnoreCase);
        inJson = SearchValues.Create([.. texts, Escape], StringComparison.OrdinalIgnoreCase);
        for (var letter = 0; letter < byFirst.Length; letter++)
        {
            var first = char.ToLowerInvariant((char)letter);
            byFirst[letter] = [.. triggers.Where(one => char.ToLowerInvariant(one.Text[0]) == first)];
        }
    }

    /// <summary>Whether a JSON text may hold a secret.</summary>
    public bool MayHoldSecret(ReadOnlySpan<byte> json)
    {
        Span<char> piece = stackalloc char[Piece];
        while (true)
        {
            var length = Math.Min(json.Length, Piece);
            Encoding.Latin1.GetChars(json[..length], piece);
            if (piece[..length].ContainsAny(inJson))
            {
                return true;
            }

            if (length == json.Length)
            {
                return false;
            }

            // A trigger may lie across the end of a piece.
            json = json[(Piece - LongestTrigger)..];
        }
    }

    public int Next(ReadOnlySpan<char> text) => text.IndexOfAny(inTexts);

    public bool AnyIn(ReadOnlySpan<char> text) => text.ContainsAny(inTexts);

    /// <summary>Has everybody whose trigger stands here look at it.</summary>
    public void Match(ref SecretScan scan, int at)
    {
        var text = scan.Text[at..];
        foreach (var trigger in byFirst[text[0] & 0x7F])
        {
            if (text.StartsWith(trigger.Text, StringComparison.OrdinalIgnoreCase))
            {
                trigger.Match(ref scan, at);
            }
        }
    }
}

internal sealed record Trigger(string Text, Matching Match);
