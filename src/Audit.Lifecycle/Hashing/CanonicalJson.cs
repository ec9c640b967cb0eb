namespace Audit.Lifecycle.Hashing;

/// <summary>
/// JSON as RFC 8785 writes it: what stays the same when a host orders members anew, escapes otherwise or writes 1.0 for
/// 1. A number of more digits than a double keeps stands as it was written, or two of them would be taken for one.
/// </summary>
public static class CanonicalJson
{
    private const int DigitsOfDouble = 15;

    /// <summary>Smaller ones keep fewer digits, and the smallest become nothing.</summary>
    private const double SmallestNormal = 2.2250738585072014E-308;

    private const int LargestPlain = 21;
    private const int SmallestPlain = -6;

    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 256 };

    /// <param name="json">A valid JSON text without repeated names; nothing stands for null.</param>
    public static void Write(ReadOnlySpan<byte> json, IBufferWriter<byte> canonical)
    {
        if (json.IsEmpty)
        {
            canonical.Write("null"u8);
            return;
        }

        Write(JsonElement.Parse(json, Options), canonical);
    }

    public static void Write(string? text, IBufferWriter<byte> canonical)
    {
        if (text is null)
        {
            canonical.Write("null"u8);
            return;
        }

        Write((byte)'"', canonical);
        foreach (var rune in text.EnumerateRunes())
        {
            WriteCharacter(rune, canonical);
        }

        Write((byte)'"', canonical);
    }

    private static void Write(JsonElement value, IBufferWriter<byte> canonical)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                var separator = (byte)'{';
                foreach (var member in value.EnumerateObject().OrderBy(member => member.Name, StringComparer.Ordinal))
                {
                    Write(separator, canonical);
                    separator = (byte)',';
                    Write(member.Name, canonical);
                    Write((byte)':', canonical);
                    Write(member.Value, canonical);
                }

                canonical.Write(separator == '{' ? "{}"u8 : "}"u8);
                break;
            case JsonValueKind.Array:
                var comma = (byte)'[';
                foreach (var item in value.EnumerateArray())
                {
                    Write(comma, canonical);
                    comma = (byte)',';
                    Write(item, canonical);
                }

                canonical.Write(comma == '[' ? "[]"u8 : "]"u8);
                break;
            case JsonValueKind.String:
                Write(value.GetString(), canonical);
                break;
            case JsonValueKind.Number:
                canonical.Write(Encoding.ASCII.GetBytes(Number(value.GetRawText())));
                break;
            default:
                canonical.Write(Encoding.ASCII.GetBytes(value.GetRawText()));
                break;
        }
    }

    private static void WriteCharacter(Rune rune, IBufferWriter<byte> canonical)
    {
        var escape = rune.Value switch
        {
            '"' => "\\\""u8,
            '\\' => "\\\\"u8,
            '\b' => "\\b"u8,
            '\t' => "\\t"u8,
            '\n' => "\\n"u8,
            '\f' => "\\f"u8,
            '\r' => "\\r"u8,
            _ => default,
        };
        if (!escape.IsEmpty)
        {
            canonical.Write(escape);
        }
        else if (rune.Value < ' ')
        {
            canonical.Write(Encoding.ASCII.GetBytes($"\\u{rune.Value:x4}"));
        }
        else
        {
            canonical.Advance(rune.EncodeToUtf8(canonical.GetSpan(4)));
        }
    }

    /// <summary>As ECMAScript writes a double.</summary>
    private static string Number(string written)
    {
        var significant = written.TakeWhile(unit => unit is not ('e' or 'E'))
            .SkipWhile(unit => unit is '-' or '0' or '.').Count(char.IsAsciiDigit);
        var number = double.Parse(written, CultureInfo.InvariantCulture);
        if (significant > DigitsOfDouble || !double.IsFinite(number)
            || (significant > 0 && Math.Abs(number) < SmallestNormal))
        {
            return written;
        }

        if (number == 0)
        {
            return "0";
        }

        // The shortest digits that are read back as the same double, as d.ddd and an exponent.
        var parts = Math.Abs(number).ToString("E16", CultureInfo.InvariantCulture);
        for (var precision = 0; precision < 16; precision++)
        {
            var shorter = Math.Abs(number).ToString($"E{precision}", CultureInfo.InvariantCulture);
            if (double.Parse(shorter, CultureInfo.InvariantCulture) == Math.Abs(number))
            {
                parts = shorter;
                break;
            }
        }

        var mark = parts.IndexOf('E', StringComparison.Ordinal);
        var digits = parts[..mark].Replace(".", "", StringComparison.Ordinal).TrimEnd('0');
        var point = int.Parse(parts[(mark + 1)..], CultureInfo.InvariantCulture) + 1;
        return (number < 0 ? "-" : "") + Place(digits.Length == 0 ? "0" : digits, point);
    }

    /// <param name="point">How many of the digits stand before the point.</param>
    private static string Place(string digits, int point) =>
        point > LargestPlain || point <= SmallestPlain ? Exponential(digits, point - 1)
        : point <= 0 ? "0." + new string('0', -point) + digits
        : point >= digits.Length ? digits + new string('0', point - digits.Length)
        : digits[..point] + "." + digits[point..];

    private static string Exponential(string digits, int exponent) => string.Create(
        CultureInfo.InvariantCulture,
        $"{digits[0]}{(digits.Length > 1 ? "." + digits[1..] : "")}e{(exponent > 0 ? "+" : "")}{exponent}");

    private static void Write(byte character, IBufferWriter<byte> canonical)
    {
        canonical.GetSpan(1)[0] = character;
        canonical.Advance(1);
    }
}

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
