using Audit.Lifecycle.Hashing;
using System.Buffers.Text;

namespace Audit.Lifecycle.Redaction;

/// <summary>
/// Takes secrets out of texts, and leaves in the place of each the name of its rule, its length and its keyed hash, by
/// which the same secret is known again. Pure, and used by all threads.
/// </summary>
public sealed class Redactor(RedactionRules rules, RecordHasher hasher)
{
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
        new SecretScan(text, Rules, found).Run();
        if (Rules.Own.Count > 0)
        {
            FindOwn(utf8, found);
        }

        SecretScan.Settle(found);
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
