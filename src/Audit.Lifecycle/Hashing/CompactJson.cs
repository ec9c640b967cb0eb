namespace Audit.Lifecycle.Hashing;

/// <summary>
/// JSON without the whitespace between its tokens: what stays the same when a host prints a record anew.
/// </summary>
public static class CompactJson
{
    private static readonly SearchValues<byte> QuoteOrSpace = SearchValues.Create("\" \t\r\n"u8);
    private static readonly SearchValues<byte> QuoteOrEscape = SearchValues.Create("\"\\"u8);

    /// <summary>Writes the compact form of a valid JSON text and returns its length.</summary>
    public static int Write(ReadOnlySpan<byte> json, Span<byte> compact)
    {
        var written = 0;
        while (!json.IsEmpty)
        {
            var next = json.IndexOfAny(QuoteOrSpace);
            var plain = next < 0 ? json.Length : next;
            json[..plain].CopyTo(compact[written..]);
            written += plain;
            json = json[plain..];
            if (json.IsEmpty)
            {
                break;
            }

            var length = json[0] == '"' ? StringLength(json) : 0;
            json[..length].CopyTo(compact[written..]);
            written += length;
            json = json[Math.Max(length, 1)..];
        }

        return written;
    }

    private static int StringLength(ReadOnlySpan<byte> json)
    {
        var at = 1;
        while (true)
        {
            at += json[at..].IndexOfAny(QuoteOrEscape);
            if (json[at] == '"')
            {
                return at + 1;
            }

            at += 2;
        }
    }
}
